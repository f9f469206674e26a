import type { Sql } from "../database.ts";

/** Names of the steps that have succeeded on exactly this commit, in this run or another one of the project. */
export async function listPassedChecks(
  sql: Sql,
  at: { projectId: string; commit: string },
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select distinct s.name from public.step_runs s join public.runs r on r.id = s.run_id
    where r.project_id = ${at.projectId} and r.commit = ${at.commit} and s.status = 'succeeded' and s.type = 'command'`;
  return rows.map((row) => row.name);
}
