import type { Sql } from "../database.ts";

/**
 * Takes a waiting run out of this worker until it is told something, or until `wakeAt` (private.park_run). False when that
 * has happened already: the execution goes on. True also when the run is not this execution's any more.
 * @param request `owner`: the token of the claim that the execution has from; `wakeAt` in milliseconds since the epoch, by the database's clock.
 * @throws SQLSTATE 55000 when the worker has lost its lease.
 */
export async function parkRun(
  sql: Sql,
  request: { runId: string; workerId: string; owner: string | null; wakeAt: number },
): Promise<boolean> {
  const { runId, workerId, owner, wakeAt } = request;
  const [row] = await sql<{ parked: boolean }[]>`
    select private.park_run(${runId}, ${workerId}, ${owner}, to_timestamp(${wakeAt / 1000}::float8)) as parked`;
  if (!row) throw new Error("park_run returned nothing");
  return row.parked;
}
