import type { Sql } from "../../engine/database.ts";

/** Names of the secrets that runs of a project can be given: its own and its organisation's, of every environment. */
export async function listSecretNames(sql: Sql, projectId: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select distinct s.name from public.secrets s join public.projects p on p.org_id = s.org_id
    where p.id = ${projectId} and (s.project_id = p.id or s.project_id is null)`;
  return rows.map((row) => row.name);
}
