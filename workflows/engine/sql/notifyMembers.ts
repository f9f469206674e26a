import type { Sql } from "../database.ts";

/** Tells the members of a run's organisation, once per step; returns the addresses that get it by mail. */
export async function notifyMembers(
  sql: Sql,
  request: { runId: string; stepId: string; message: string },
): Promise<string[]> {
  const rows = await sql<{ email: string }[]>`
    select private.notify_members(${request.runId}, ${request.stepId}, ${request.message}) as email`;
  return rows.map((row) => row.email);
}
