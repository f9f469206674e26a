import type { Sql } from "../database.ts";

export interface LeftFileRow {
  id: string;
  orgId: string;
  /** The run that made it: this one, or the one that the step was taken over from. */
  runId: string;
  name: string;
  sha256: string;
}

/** The file artifacts of steps, in the order they were made, so that the last of a name is the one that counts. */
export async function listLeftFiles(sql: Sql, runId: string, stepIds: string[]): Promise<LeftFileRow[]> {
  return sql<LeftFileRow[]>`
    select a.id, a.org_id as "orgId", a.run_id as "runId", a.name, a.sha256
    from public.step_runs s join public.runs r on r.id = s.run_id
    join public.artifacts a on a.step_id = s.step_id and a.kind = 'file' and a.org_id = r.org_id
      and a.run_id = case when s.execs = 0 then (r.seed #>> array[s.step_id, 'from', 'runId'])::uuid else r.id end
    where s.run_id = ${runId} and s.step_id = any(${stepIds})
    order by s.finished_at, a.created_at, a.id`;
}
