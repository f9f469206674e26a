import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Says something on a change or an issue; the same id again is the same comment. */
export async function addComment(
  tx: CallerTransaction,
  comment: { id: string; projectId: string; number: number; body: string },
): Promise<void> {
  await sql`select public.add_comment(${comment.id}, ${comment.projectId}, ${comment.number}, ${comment.body})`.execute(
    tx,
  );
}
