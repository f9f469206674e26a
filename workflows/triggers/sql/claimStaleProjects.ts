import type { Sql } from "../../engine/database.ts";

/**
 * Projects that have changed since their triggers were last compared with the default branch; each is given to one
 * worker. A transaction that was open at the comparison carries an older time: hence the ten seconds.
 */
export async function claimStaleProjects(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ project_id: string }[]>`
    with stale as (
      select p.id, p.org_id from public.projects p left join public.trigger_syncs s on s.project_id = p.id
      where (s.project_id is null or p.updated_at > s.checked_at - interval '10 seconds')
        and (s.retry_at is null or s.retry_at <= clock_timestamp())
      order by s.checked_at nulls first limit ${limit} for no key update of p skip locked)
    insert into public.trigger_syncs (project_id, org_id, checked_at) select id, org_id, clock_timestamp() from stale
    on conflict (project_id) do update set checked_at = excluded.checked_at, retry_at = null
    returning project_id`;
  return rows.map((row) => row.project_id);
}

/** The comparison failed: the project is stale again, but not at once. */
export async function putOffProject(sql: Sql, projectId: string): Promise<void> {
  await sql`
    update public.trigger_syncs set checked_at = '-infinity', retry_at = clock_timestamp() + interval '30 seconds' where project_id = ${projectId}`;
}
