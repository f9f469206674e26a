import type { Sql } from "../database.ts";

/** Gives the lease back; what this worker had not finished may be taken over at once. */
export async function removeWorker(sql: Sql, workerId: string): Promise<void> {
  await sql`delete from public.workers where id = ${workerId}`;
}
