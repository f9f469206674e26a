import type { Sql } from "../database.ts";

/**
 * Takes queued runs for a worker, organisations in turn: up to `limit`, and besides one of each organisation that is
 * not in `busyOrgs` (private.take_runs).
 */
export async function takeRuns(
  sql: Sql,
  request: { workerId: string; claim: string; limit: number; busyOrgs: string[] },
): Promise<{ runId: string; orgId: string }[]> {
  return sql<{ runId: string; orgId: string }[]>`
    select run_id as "runId", org_id as "orgId" from private.take_runs(${request.workerId}, ${request.claim}, ${request.limit}, ${request.busyOrgs}::uuid[])`;
}
