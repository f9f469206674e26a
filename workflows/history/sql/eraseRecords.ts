import type { Sql } from "../../engine/database.ts";

/** Rows of one statement; a run may have a million events, and one transaction over them would hold up everything. */
const batch = 5000;

/** The lines of a run's log, as events and as pages. */
export async function eraseLog(sql: Sql, runId: string): Promise<void> {
  await sql`delete from public.run_logs where run_id = ${runId}`;
  await eraseEvents(sql, runId, "log:%");
}

async function eraseEvents(sql: Sql, runId: string, keys: string): Promise<void> {
  for (;;) {
    const { count } = await sql`
      delete from public.run_events where run_id = ${runId}
        and seq in (select seq from public.run_events where run_id = ${runId} and key like ${keys} limit ${batch})`;
    if (count < batch) return;
  }
}

export async function markLogErased(sql: Sql, runId: string): Promise<void> {
  await sql`update public.runs set logs_deleted_at = now() where id = ${runId}`;
}

export async function eraseArtifact(sql: Sql, id: string): Promise<void> {
  await sql`delete from public.artifacts where id = ${id}`;
}

/** A run with everything that hangs on it. */
export async function eraseRun(sql: Sql, runId: string): Promise<void> {
  await eraseEvents(sql, runId, "%");
  await sql`delete from public.runs where id = ${runId}`;
}

/** Deliveries; of what a forge signed, that it was used is kept (see `private.spent_hooks`). */
export async function eraseDeliveries(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql`
    with gone as (delete from public.deliveries where id = any (${ids as string[]}) returning id, project_id, source, key)
    insert into private.spent_hooks (project_id, key, delivery_id)
    select project_id, key, id from gone where source = 'webhook' and key like '%/hub-%' on conflict do nothing`;
}

/** Deployments that may still have become current meanwhile stay. */
export async function eraseDeployments(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql`delete from public.deployments d where d.id = any (${ids as string[]})
    and not exists (select 1 from public.sites s where s.current_deployment_id = d.id)`;
}

/** Takes blobs off the list that some deployment of the organisation names. */
export async function forgetNamedBlobs(sql: Sql, graceSec: number): Promise<void> {
  await sql`
    delete from private.unnamed_blobs b using (
      select distinct d.org_id, f.value ->> 'sha256' as sha256
      from public.deployments d cross join lateral jsonb_each(d.manifest) f
      where d.org_id in (select org_id from private.unnamed_blobs where since < now() - make_interval(secs => ${graceSec}))
    ) n where n.org_id = b.org_id and n.sha256 = b.sha256`;
}

export async function forgetBlob(sql: Sql, blob: { orgId: string; sha256: string }): Promise<void> {
  await sql`delete from private.unnamed_blobs where org_id = ${blob.orgId} and sha256 = ${blob.sha256}`;
}
