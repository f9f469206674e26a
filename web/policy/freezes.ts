import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { useApi, type Outputs } from "../api.ts";
import { useSession } from "../session.tsx";

export type Freeze = Outputs["freezes"]["open"][number];

/** What is frozen now of the user's organisations. */
export function createFreezes() {
  const api = useApi();
  const session = useSession();
  return createQuery(() => ({
    queryKey: ["freezes"],
    queryFn: () => api.freezes.open.query(),
    enabled: session.signedIn(),
    refetchInterval: 30_000,
  }));
}

/** Asks again after something was frozen or lifted. */
export function useFreezesAgain(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["freezes"] });
}
