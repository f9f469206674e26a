import type { Logger } from "pino";
import type { Sql } from "./database.ts";
import type { RunEvents } from "./events.ts";
import type { RunHosts } from "./runHost.ts";
import { findAbandonedRuns } from "./sql/findAbandonedRuns.ts";
import { findOpenRuns } from "./sql/findOpenRuns.ts";
import { releaseGroups } from "./sql/releaseGroups.ts";

/** Catches up with what this worker may not have been told: runs that were canceled, ended or deleted meanwhile. */
export async function catchUp({ sql, hosts }: { sql: Sql; hosts: RunHosts }): Promise<void> {
  const present = await hosts.present();
  if (present.length === 0) return;
  const open = new Map((await findOpenRuns(sql, present)).map((run) => [run.id, run]));
  for (const runId of present) {
    const run = open.get(runId);
    if (run === undefined) await hosts.finish(runId);
    else if (run.cancel_requested) hosts.abort(runId, "canceled");
  }
}

/** Ends runs whose workflow has ended without saying so, and lets go of concurrency groups that nobody holds. */
export async function reconcile({
  sql,
  events,
  logger,
}: {
  sql: Sql;
  events: RunEvents;
  logger: Logger;
}): Promise<void> {
  await releaseGroups(sql);
  for (const { run_id: runId, status } of await findAbandonedRuns(sql)) {
    logger.warn({ runId, status }, "A run's workflow ended without its last event");
    const canceled = status === "CANCELLED";
    await events.append(runId, {
      key: "run.finished",
      event: {
        type: "run.finished",
        status: canceled ? "canceled" : "failed",
        failure: canceled
          ? { code: "canceled", message: "The run was canceled." }
          : { code: "internal", message: `The engine gave the run up (${status}).` },
        outputs: {},
      },
    });
  }
}
