import { sql } from "kysely";
import { becomeService, type CallerTransaction } from "../context.ts";

/**
 * Holds off every other merge or close of this change until the transaction ends. An advisory lock and not the
 * row's: the forge updates the row while it merges, and would wait for us for ever.
 */
export async function lockChange(
  tx: CallerTransaction,
  change: { projectId: string; number: number },
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`change:${change.projectId}/${change.number}`}::text, 0))`.execute(
    tx,
  );
}

/** States that a change is merged: only the server may, after the forge has done it (and mostly stated it already). */
export async function recordMerge(
  tx: CallerTransaction,
  merged: { changeId: string; headCommit: string; mergedCommit: string; by: string },
): Promise<void> {
  await becomeService(tx);
  // The event of the merge names the user, not the server that states it.
  await sql`select private.act_as(${`user:${merged.by}`})`.execute(tx);
  await tx
    .updateTable("changes")
    .set({
      status: "merged",
      head_commit: merged.headCommit,
      merged_commit: merged.mergedCommit,
      updated_at: sql`now()`,
    })
    .where("id", "=", merged.changeId)
    .execute();
}
