import type { Sql } from "../database.ts";

export interface TakenRun {
  runId: string;
  orgId: string;
  /** No step of it opens a sandbox. */
  light: boolean;
}

/**
 * Takes queued runs for a worker, organisations in turn: up to `limit`, and `lightLimit` of those without a sandbox, and besides one of each organisation that is
 * not in `busyOrgs` (private.take_runs).
 */
export async function takeRuns(
  sql: Sql,
  request: { workerId: string; claim: string; limit: number; lightLimit: number; busyOrgs: string[] },
): Promise<TakenRun[]> {
  return sql<TakenRun[]>`
    select run_id as "runId", org_id as "orgId", light
    from private.take_runs(${request.workerId}, ${request.claim}, ${request.limit}, ${request.lightLimit}, ${request.busyOrgs}::uuid[])`;
}
