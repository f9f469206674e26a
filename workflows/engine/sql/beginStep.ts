import type { Sql } from "../database.ts";
import type { KeyedEvent } from "./appendRunEvents.ts";

/**
 * Counts that a step's work begins, before it begins, and stores `step.started` (and what must stand before it) in the same transaction.
 * Returns how often it has begun, and whether somebody has asked the run to stop meanwhile.
 */
export async function beginStep(
  sql: Sql,
  request: { runId: string; stepId: string; workerId: string; events: KeyedEvent[] },
): Promise<{ execs: number; cancelRequested: boolean; finished: boolean }> {
  return sql.begin(async (tx) => {
    // The events' writer locks the run's row first; so must we.
    await tx`select private.append_run_events(${request.runId}, ${tx.json(request.events as unknown as Parameters<Sql["json"]>[0])}, ${request.workerId})`;
    const [row] = await tx<{ execs: number; cancel_requested: boolean; finished: boolean }[]>`
      update public.step_runs s set execs = s.execs + 1 from public.runs r
      where s.run_id = ${request.runId} and s.step_id = ${request.stepId} and r.id = s.run_id
      returning s.execs, r.cancel_requested_at is not null as cancel_requested, r.status in ('succeeded', 'failed', 'canceled') as finished`;
    if (!row) throw new Error(`Step ${request.stepId} of run ${request.runId} is not in step_runs`);
    return { execs: row.execs, cancelRequested: row.cancel_requested, finished: row.finished };
  }) as Promise<{ execs: number; cancelRequested: boolean; finished: boolean }>;
}
