import type { Sql } from "../database.ts";

export interface AbandonedRun {
  run_id: string;
  /** How the workflow ended. */
  status: string;
}

/**
 * Runs that are open although their workflow has ended: DBOS can end one (hard cancel, too many recoveries, an error)
 * without our code running. Recently ended ones are passed over, their last event may be on its way.
 */
export async function findAbandonedRuns(sql: Sql): Promise<AbandonedRun[]> {
  return sql<AbandonedRun[]>`
    select r.id as run_id, s.status from public.runs r join dbos.workflow_status s on s.workflow_uuid = r.id::text
    where r.status in ('queued', 'running', 'waiting') and s.status not in ('ENQUEUED', 'PENDING', 'DELAYED')
      and s.updated_at < (extract(epoch from now()) * 1000) - 5000
    limit 100`;
}
