import type { Sql } from "../database.ts";

/** Milliseconds since the epoch, by the database's clock. */
export async function databaseTime(sql: Sql): Promise<number> {
  const [row] = await sql<{ now: number }[]>`
    select (extract(epoch from clock_timestamp()) * 1000)::double precision as now`;
  if (!row) throw new Error("The database did not say what time it is");
  return row.now;
}
