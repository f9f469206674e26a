import type { Sql } from "../../engine/database.ts";

/**
 * Workflows of the engine that have ended or that nobody has taken, and whose run or delivery is gone: those of a deleted project. Old enough that whatever
 * enqueued them has committed.
 */
export async function findLostWorkflows(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select w.workflow_uuid as id from dbos.workflow_status w
    where (w.status in ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
        or (w.status = 'ENQUEUED' and w.queue_name in ('offered', 'parked')))
      and w.created_at < (extract(epoch from now()) - 3600) * 1000
      and case
        when w.workflow_uuid ~ '^[0-9a-f-]{36}(/|$)' then not exists (select 1 from public.runs r where r.id = left(w.workflow_uuid, 36)::uuid)
        when w.workflow_uuid ~ '^delivery/[0-9a-f-]{36}$' then not exists (select 1 from public.deliveries d where d.id = substr(w.workflow_uuid, 10)::uuid)
        else false
      end
    limit ${limit}`;
  return rows.map((row) => row.id);
}

/** Names of stored artifacts that no row names: of a deleted project, or put there by a worker that died before the row. */
export async function findLostArtifactObjects(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select o.name from storage.objects o
    where o.bucket_id = 'artifacts' and o.created_at < now() - interval '1 day'
      and o.name ~ '^[0-9a-f-]{36}/[0-9a-f-]{36}/[0-9a-f-]{36}$'
      and not exists (select 1 from public.artifacts a where a.id = right(o.name, 36)::uuid)
    limit ${limit}`;
  return rows.map((row) => row.name);
}
