import type { Sql } from "../../engine/database.ts";

/** What retention is to take, of all projects by what holds for each, the oldest first. The rules are the SQL functions private.due_*. */

export interface DueArtifact {
  id: string;
  orgId: string;
  runId: string;
}

const ids = (rows: readonly { id: string }[]): string[] => rows.map((row) => row.id);

export async function dueLogs(sql: Sql, limit: number): Promise<string[]> {
  return ids(
    await sql<{ id: string }[]>`
      select d.id from public.projects p cross join lateral private.retention_of(p.id) k
      cross join lateral private.due_logs(p.id, k.log_days, ${limit}) d (id) limit ${limit}`,
  );
}

export async function dueRuns(sql: Sql, limit: number): Promise<string[]> {
  return ids(
    await sql<{ id: string }[]>`
      select d.id from public.projects p cross join lateral private.retention_of(p.id) k
      cross join lateral private.due_runs(p.id, k.run_days, ${limit}) d (id) limit ${limit}`,
  );
}

export async function dueDeliveries(sql: Sql, limit: number): Promise<string[]> {
  return ids(
    await sql<{ id: string }[]>`
      select d.id from public.projects p cross join lateral private.retention_of(p.id) k
      cross join lateral private.due_deliveries(p.id, k.delivery_days, ${limit}) d (id) limit ${limit}`,
  );
}

export async function dueDeployments(sql: Sql, limit: number): Promise<string[]> {
  return ids(
    await sql<{ id: string }[]>`
      select d.id from public.projects p cross join lateral private.retention_of(p.id) k
      cross join lateral private.due_deployments(p.id, k.deployment_days, k.deployments_kept, ${limit}) d (id) limit ${limit}`,
  );
}

export function dueArtifacts(sql: Sql, limit: number): Promise<DueArtifact[]> {
  return sql<DueArtifact[]>`
    select a.id, a.org_id as "orgId", a.run_id as "runId"
    from public.projects p cross join lateral private.retention_of(p.id) k
    cross join lateral private.due_artifacts(p.id, k.artifact_days, ${limit}) d (id)
    join public.artifacts a on a.id = d.id limit ${limit}`;
}

export function artifactsOf(sql: Sql, runId: string): Promise<DueArtifact[]> {
  return sql<DueArtifact[]>`
    select id, org_id as "orgId", run_id as "runId" from public.artifacts where run_id = ${runId}`;
}

export function logBundlesOf(sql: Sql, runId: string): Promise<DueArtifact[]> {
  return sql<DueArtifact[]>`
    select id, org_id as "orgId", run_id as "runId" from public.artifacts where run_id = ${runId} and kind = 'log_bundle'`;
}

/** Blobs of deleted deployments, long enough ago that nobody is just publishing them. */
export function dueBlobs(
  sql: Sql,
  limit: number,
  graceSec: number,
): Promise<{ orgId: string; sha256: string }[]> {
  return sql<{ orgId: string; sha256: string }[]>`
    select org_id as "orgId", sha256 from private.unnamed_blobs
    where since < now() - make_interval(secs => ${graceSec}) order by since limit ${limit}`;
}
