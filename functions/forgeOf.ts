import { createForgeClient, type ForgeClient } from "./forgeClient.ts";
import type { SignedIn } from "./context.ts";

/** The forge for one project, with the caller's own rights there. */
export function forgeOf(caller: SignedIn, projectId: string): ForgeClient {
  return createForgeClient(caller.deps, caller.token, projectId);
}
