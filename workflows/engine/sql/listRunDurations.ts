import type { Sql } from "../database.ts";

export interface RunDurations {
  /** From its start to its end without the time it waited for people, in milliseconds. */
  durationMs: number;
  /** By name; only steps that were done, in milliseconds. */
  steps: Record<string, number>;
}

/** How long the last successful runs of a workflow took, the newest first. */
export async function listRunDurations(
  sql: Sql,
  of: { projectId: string; workflowPath: string; limit: number },
): Promise<RunDurations[]> {
  return sql<RunDurations[]>`
    select greatest(0, extract(epoch from r.finished_at - r.started_at) * 1000 - coalesce((
        select sum(extract(epoch from a.decided_at - a.requested_at)) * 1000 from public.approvals a
        where a.run_id = r.id and a.decided_at is not null), 0))::float as "durationMs",
      coalesce((select jsonb_object_agg(s.name, round(extract(epoch from s.finished_at - s.started_at) * 1000))
        from public.step_runs s where s.run_id = r.id and s.status = 'succeeded' and s.execs > 0), '{}') as steps
    from public.runs r
    where r.project_id = ${of.projectId} and r.workflow_path = ${of.workflowPath} and r.status = 'succeeded' and not r.dry_run
      -- A run that took steps over says nothing of the whole.
      and r.seed = '{}'
    order by r.created_at desc limit ${of.limit}`;
}
