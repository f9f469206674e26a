import type { Sql } from "../../engine/database.ts";

/** The commit whose triggers are stored, and the time by the database's clock in milliseconds since the epoch. */
export async function syncedCommit(
  sql: Sql,
  projectId: string,
): Promise<{ commit: string | null | undefined; now: number }> {
  const [row] = await sql<{ commit: string | null; known: boolean; now: number }[]>`
    select s.commit, s.project_id is not null as known, floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now
    from (select 1) one left join public.trigger_syncs s on s.project_id = ${projectId}`;
  if (row === undefined) throw new Error("No row of no table");
  return { commit: row.commit ?? undefined, now: row.now };
}
