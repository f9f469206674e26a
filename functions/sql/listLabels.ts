import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Labels in use on the changes and issues of a project, the most used first; at most 100. */
export async function listLabels(tx: CallerTransaction, projectId: string): Promise<string[]> {
  const { rows } = await sql<{ label: string }>`
    select label from (
      select unnest(labels) as label from public.issues where project_id = ${projectId}
      union all select unnest(labels) from public.changes where project_id = ${projectId}
    ) used group by label order by count(*) desc, label limit 100`.execute(tx);
  return rows.map((row) => row.label);
}
