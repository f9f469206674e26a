import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Changes the title or the text of an issue; what is left out stays. */
export async function editIssue(
  tx: CallerTransaction,
  edit: { projectId: string; number: number; title?: string | undefined; body?: string | undefined },
): Promise<void> {
  await sql`select public.edit_issue(${edit.projectId}, ${edit.number}, ${edit.title ?? null}, ${edit.body ?? null})`.execute(
    tx,
  );
}
