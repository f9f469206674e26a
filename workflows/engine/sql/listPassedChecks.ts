import type { Sql } from "../database.ts";

/**
 * Names of the checks that have passed on exactly this commit, whoever reported them: of each name the one that was started
 * last decides (`private.check_of_step`), so one that failed or is running since then takes an earlier success back.
 */
export async function listPassedChecks(
  sql: Sql,
  at: { projectId: string; commit: string },
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from public.checks
    where project_id = ${at.projectId} and commit = ${at.commit} and status = 'passed' order by name`;
  return rows.map((row) => row.name);
}
