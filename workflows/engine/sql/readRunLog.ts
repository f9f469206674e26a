import type { LogChunk } from "../../../shared/run/events.ts";
import type { Sql } from "../database.ts";

export interface LogEventRow {
  step_id: string;
  chunks: LogChunk[];
}

/** The log of a run in order, page by page. */
export async function* readRunLog(sql: Sql, runId: string): AsyncGenerator<LogEventRow> {
  let after = 0;
  for (;;) {
    const rows = await sql<(LogEventRow & { seq: number })[]>`
      select seq, event ->> 'stepId' as step_id, event -> 'chunks' as chunks from public.run_events
      where run_id = ${runId} and seq > ${after} and event ->> 'type' = 'step.log' order by seq limit 200`;
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.seq;
  }
}
