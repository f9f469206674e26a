import type { Sql } from "../database.ts";

/** Those of the runs that have not ended, and whether somebody has asked them to stop. */
export async function findOpenRuns(
  sql: Sql,
  runIds: string[],
): Promise<{ id: string; cancel_requested: boolean }[]> {
  return sql<{ id: string; cancel_requested: boolean }[]>`
    select id, cancel_requested_at is not null as cancel_requested from public.runs
    where id = any(${runIds}::uuid[]) and status in ('queued', 'running', 'waiting')`;
}
