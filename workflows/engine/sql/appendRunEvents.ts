import type { RunEvent } from "../../../shared/run/events.ts";
import type { Sql } from "../database.ts";

/** An event with the key that names its fact, so that a repeated execution stores it once. */
export interface KeyedEvent {
  key: string;
  event: RunEvent;
}

/**
 * Stores events of a run, in order, and derives its status (private.append_run_events). Returns the database's time, in
 * milliseconds since the epoch.
 * @throws SQLSTATE 55000 when the worker has lost its lease.
 */
export async function appendRunEvents(
  sql: Sql,
  request: { runId: string; workerId: string | null; events: KeyedEvent[] },
): Promise<number> {
  const [row] = await sql<
    { at: number }[]
  >`select private.append_run_events(${request.runId}, ${sql.json(request.events as unknown as Parameters<Sql["json"]>[0])}, ${request.workerId}), (extract(epoch from clock_timestamp()) * 1000)::double precision as at`;
  if (!row) throw new Error("append_run_events returned nothing");
  return row.at;
}
