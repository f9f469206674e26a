import type { CallerTransaction } from "../context.ts";

/** Number of the change that a run's proposal became, unless that was closed; undefined when there is none. */
export async function findChangeOfRun(tx: CallerTransaction, runId: string): Promise<number | undefined> {
  const change = await tx
    .selectFrom("changes")
    .select("number")
    .where("run_id", "=", runId)
    .where("status", "in", ["open", "merged"])
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return change?.number;
}
