import type { Sql } from "../database.ts";

/** Renews the lease. False when it was taken away: the worker counts as dead and must stop at once. */
export async function renewWorker(sql: Sql, workerId: string): Promise<boolean> {
  const rows = await sql`update public.workers set seen = now() where id = ${workerId} returning id`;
  return rows.length === 1;
}
