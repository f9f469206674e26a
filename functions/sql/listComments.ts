import type { CallerTransaction } from "../context.ts";
import type { Comment } from "../views.ts";

/** What was said on a change or an issue, oldest first; at most 500. */
export function listComments(
  tx: CallerTransaction,
  of: { changeId: string } | { issueId: string },
): Promise<Comment[]> {
  const query = tx
    .selectFrom("comments as c")
    .leftJoin("profiles as p", "p.id", "c.created_by")
    .select(["c.id", "c.body", "p.name as createdBy", "c.created_at as createdAt"])
    .orderBy("c.created_at")
    .orderBy("c.id")
    .limit(500);
  return "changeId" in of
    ? query.where("c.change_id", "=", of.changeId).execute()
    : query.where("c.issue_id", "=", of.issueId).execute();
}
