import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Opens an issue; the second call of one intent (`id`) answers the same number. */
export async function openIssue(
  tx: CallerTransaction,
  issue: { id: string; projectId: string; title: string; body: string; labels: string[] },
): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    select public.open_issue(${issue.id}, ${issue.projectId}, ${issue.title}, ${issue.body}, ${issue.labels}) as number`.execute(
    tx,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("open_issue answered no row");
  return row.number;
}
