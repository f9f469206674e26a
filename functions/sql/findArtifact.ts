import type { ArtifactKind } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { Json } from "../views.ts";

export interface StoredArtifact {
  id: string;
  orgId: string;
  runId: string;
  name: string;
  size: number;
  data: Json;
}

/** An artifact by its id, or the newest of a kind of a run. */
export function findArtifact(
  tx: CallerTransaction,
  wanted: { id: string } | { runId: string; kind: ArtifactKind },
): Promise<StoredArtifact | undefined> {
  const query = tx
    .selectFrom("artifacts")
    .select((eb) => [
      "id",
      "org_id as orgId",
      "run_id as runId",
      "name",
      "size",
      eb.ref("data").$castTo<Json>().as("data"),
    ])
    .orderBy("created_at", "desc")
    .orderBy("id");
  if ("id" in wanted) return query.where("id", "=", wanted.id).executeTakeFirst();
  return query.where("run_id", "=", wanted.runId).where("kind", "=", wanted.kind).limit(1).executeTakeFirst();
}
