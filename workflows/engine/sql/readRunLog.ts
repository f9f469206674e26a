import type { LogChunk } from "../../../shared/run/events.ts";
import type { Sql } from "../database.ts";

const pageSize = 32;

/** The steps of a run that have said something, the first to speak first. By the events' keys: no event is unpacked for it. */
export async function listLoggedSteps(sql: Sql, runId: string): Promise<string[]> {
  const rows = await sql<{ step_id: string }[]>`
    select split_part(key, ':', 2) as step_id from public.run_events
    where run_id = ${runId} and (key like 'log:%' or key like 'note:%') group by 1 order by min(seq)`;
  return rows.map((row) => row.step_id);
}

/** The log of a step in order, some events at a time: one may hold 64 Ki characters. */
export async function* readStepLog(
  sql: Sql,
  runId: string,
  stepId: string,
): AsyncGenerator<{ chunks: LogChunk[] }> {
  let after = 0;
  for (;;) {
    const rows = await sql<{ seq: number; chunks: LogChunk[] }[]>`
      select seq, event -> 'chunks' as chunks from public.run_events
      where run_id = ${runId} and seq > ${after} and (starts_with(key, ${`log:${stepId}:`}) or key = ${`note:${stepId}`})
      order by seq limit ${pageSize}`;
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = last.seq;
  }
}
