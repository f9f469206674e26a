import type { Sql } from "../../engine/database.ts";

export interface UnpackedRun {
  id: string;
  orgId: string;
  projectId: string;
}

/** Ended runs whose logs are in their events alone, the longest ended first. */
export function findUnpackedRuns(sql: Sql, limit: number): Promise<UnpackedRun[]> {
  return sql<UnpackedRun[]>`
    select id, org_id as "orgId", project_id as "projectId" from public.runs
    where logs_packed_at is null and logs_deleted_at is null and finished_at is not null
    order by finished_at limit ${limit}`;
}
