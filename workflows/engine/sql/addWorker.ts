import type { Sql } from "../database.ts";

/** Takes the lease: a worker is alive while its row is fresh. */
export async function addWorker(sql: Sql, workerId: string, version: string): Promise<void> {
  await sql`insert into public.workers (id, version) values (${workerId}, ${version})`;
}
