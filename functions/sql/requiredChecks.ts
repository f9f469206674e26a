import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** The checks that a merge into the default branch needs, and the names that were reported lately, to choose from. */
export async function readRequiredChecks(
  tx: CallerTransaction,
  projectId: string,
): Promise<{ required: string[]; known: string[] }> {
  const { rows } = await sql<{ required: string[]; known: string[] }>`
    select p.required_checks as required,
      array(select name from (select name, max(updated_at) as at from public.checks where project_id = p.id group by name) c order by at desc limit 50) as known
    from public.projects p where p.id = ${projectId}`.execute(tx);
  return rows[0] ?? { required: [], known: [] };
}

/** Says which checks a merge into the default branch needs; for admins. */
export async function setRequiredChecks(
  tx: CallerTransaction,
  projectId: string,
  checks: string[],
): Promise<void> {
  await sql`select public.set_required_checks(${projectId}, ${checks})`.execute(tx);
}
