import { setImmediate } from "node:timers/promises";
import { emptyLog, appendLog, type StepLog } from "../../shared/run/stepLog.ts";
import { packLog, type PackedLog } from "../../shared/run/packedLog.ts";
import type { Sql } from "../engine/database.ts";
import { findUnpackedRuns } from "./sql/findUnpackedRuns.ts";
import { storePackedLogs, type UnpackedRun } from "./sql/storePackedLogs.ts";
import { readLogEvents } from "./sql/readLogEvents.ts";

/** Of one round, so that a worker that comes to a long backlog still does its other work. */
const runsPerRound = 10;

/**
 * Puts the logs of runs that have ended into pages: what opens at once and can be searched. A run whose packing was cut
 * off is packed anew, since the pages and the mark on the run are one transaction.
 */
export async function packLogs(sql: Sql): Promise<number> {
  const runs = await findUnpackedRuns(sql, runsPerRound);
  for (const run of runs) await packRun(sql, run);
  return runs.length;
}

async function packRun(sql: Sql, run: UnpackedRun): Promise<void> {
  const logs = new Map<string, StepLog>();
  for await (const { stepId, chunks } of readLogEvents(sql, run.id))
    logs.set(stepId, appendLog(logs.get(stepId) ?? emptyLog, chunks));
  const packed: (PackedLog & { stepId: string })[] = [];
  // The worker's other work goes between the pages of a long log.
  for (const [stepId, log] of logs) packed.push({ stepId, ...(await packLog(log, setImmediate)) });
  await storePackedLogs(sql, run, packed);
}
