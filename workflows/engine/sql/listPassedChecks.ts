import type { Sql } from "../database.ts";

/**
 * Names of the checks that have passed on exactly this commit, whoever reported them, and of the command steps that have
 * succeeded in this very run: a dry run makes no checks, but may rely on its own steps.
 */
export async function listPassedChecks(
  sql: Sql,
  at: { projectId: string; commit: string; runId: string },
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from public.checks where project_id = ${at.projectId} and commit = ${at.commit} and status = 'passed'
    union
    select name from public.step_runs where run_id = ${at.runId} and type = 'command' and status = 'succeeded'`;
  return rows.map((row) => row.name);
}
