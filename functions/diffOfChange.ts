import type { ForgeClient } from "./forgeClient.ts";
import type { Change, Diff } from "./views.ts";

/** What a change brings: over its base while it is open, over the base as it was when it was merged. */
export async function diffOfChange(forge: ForgeClient, change: Change): Promise<Diff> {
  if (change.status === "merged" && change.mergedCommit !== null) {
    const { commits } = await forge.log(change.mergedCommit, { limit: 1 });
    const base = commits[0]?.parents[0];
    return forge.diff(base ?? change.mergedCommit, change.headCommit);
  }
  // A closed change's branch may be gone; its last head is not.
  return forge.diff(change.baseBranch, change.status === "open" ? change.headBranch : change.headCommit);
}
