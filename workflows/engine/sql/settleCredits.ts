import type { Sql } from "../database.ts";

/**
 * Ends a hold with what was spent, in millicredits, at most what was held; nothing releases it. Doing it again changes
 * nothing (private.settle_credits).
 * @throws SQLSTATE 55000 when the worker has lost its lease.
 */
export async function settleCredits(
  sql: Sql,
  hold: { runId: string; key: string; spent: number; workerId: string },
): Promise<void> {
  await sql`select private.settle_credits(${hold.runId}, ${hold.key}, ${hold.spent}, ${hold.workerId})`;
}
