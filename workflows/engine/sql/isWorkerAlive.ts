import type { Sql } from "../database.ts";

/** Whether a worker still holds its lease. */
export async function isWorkerAlive(sql: Sql, workerId: string): Promise<boolean> {
  const rows = await sql`select 1 from public.workers where id = ${workerId}`;
  return rows.length > 0;
}
