import { LogPacker } from "../../shared/run/logPacker.ts";
import type { Sql } from "../engine/database.ts";
import { claimUnpackedRun } from "./sql/claimUnpackedRun.ts";
import { findUnpackedRuns, type UnpackedRun } from "./sql/findUnpackedRuns.ts";
import { makePackedLogStore } from "./sql/packedLogStore.ts";
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

/** Page by page: a log may be as long as it likes, and the worker's other work goes on in between. */
async function packRun(sql: Sql, run: UnpackedRun): Promise<void> {
  await sql.begin(async (tx) => {
    if (!(await claimUnpackedRun(tx, run.id))) return;
    const store = makePackedLogStore(tx, run);
    const packers = new Map<string, LogPacker>();
    for await (const { stepId, chunks } of readLogEvents(tx, run.id)) {
      let packer = packers.get(stepId);
      if (packer === undefined) {
        packer = new LogPacker();
        packers.set(stepId, packer);
        await store.open(stepId);
      }
      for (const page of packer.add(chunks)) await store.add(stepId, page);
    }
    for (const [stepId, packer] of packers) {
      for (const page of packer.end()) await store.add(stepId, page);
      await store.close(stepId, packer.summary);
    }
  });
}
