import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

export interface ChangeEdit {
  projectId: string;
  number: number;
  title?: string | undefined;
  body?: string | undefined;
  draft?: boolean | undefined;
}

/** Changes what a change says of itself; what is left out stays. */
export async function editChange(tx: CallerTransaction, edit: ChangeEdit): Promise<void> {
  await sql`
    select public.edit_change(${edit.projectId}, ${edit.number}, ${edit.title ?? null}, ${edit.body ?? null}, ${edit.draft ?? null})`.execute(
    tx,
  );
}
