import type { LogChunk } from "../../../shared/run/events.ts";
import type { TransactionSql } from "postgres";

interface LogEvent {
  stepId: string;
  chunks: LogChunk[];
}

/** The log of a run in order. By the events' keys, so that no other event is unpacked for its type. */
export async function* readLogEvents(sql: TransactionSql, runId: string): AsyncGenerator<LogEvent> {
  let after = 0;
  // An answer is parsed in one go, in which the worker does nothing else: an event holds up to some thousand lines.
  const perAnswer = 50;
  for (;;) {
    const rows = await sql<(LogEvent & { seq: number })[]>`
      select seq, event ->> 'stepId' as "stepId", event -> 'chunks' as chunks from public.run_events
      where run_id = ${runId} and seq > ${after} and (key like 'log:%' or key like 'note:%') order by seq limit ${perAnswer}`;
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.seq;
  }
}
