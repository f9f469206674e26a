import { CoderError } from "../shared/errors.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { requireChange } from "./sql/listChanges.ts";
import { requireNotFrozen } from "./sql/requireNotFrozen.ts";
import { lockChange, recordMerge } from "./sql/recordMerge.ts";

/**
 * Merges a change through the forge if its head is still the one that was reviewed, then states so in the database.
 * The lock makes a double click one merge: the second call finds it done and answers the same commit.
 * @throws CoderError `conflict` with `details.conflicts` (paths), `details.head` (the branch moved) or
 * `details.missingChecks` (required, and not passed on this head).
 */
export async function mergeChange(
  caller: SignedIn,
  wanted: { projectId: string; number: number; expectedHead: string },
): Promise<string> {
  return caller.asCaller(async (tx) => {
    await lockChange(tx, wanted);
    const change = await requireChange(tx, wanted.projectId, wanted.number);
    if (change.status === "merged" && change.mergedCommit !== null) return change.mergedCommit;
    if (change.status !== "open")
      throw new CoderError("conflict", `Change ${change.number} is ${change.status}`);
    if (change.draft)
      throw new CoderError(
        "conflict",
        `Change ${change.number} is a draft; mark it as ready before it is merged`,
      );
    // Before the repository is touched: a merge that the database refused to record would be half a merge.
    await requireNotFrozen(tx, wanted.projectId);
    const mergedCommit = await forgeOf(caller, wanted.projectId).merge({
      into: change.baseBranch,
      head: change.headBranch,
      expectedHead: wanted.expectedHead,
      message: `Merge change ${change.number}: ${change.title}`,
    });
    await recordMerge(tx, {
      changeId: change.id,
      headCommit: wanted.expectedHead,
      mergedCommit,
      by: caller.userId,
    });
    return mergedCommit;
  });
}
