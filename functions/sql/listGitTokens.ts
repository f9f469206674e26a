import type { CallerTransaction } from "../context.ts";
import type { GitToken } from "../views.ts";

/** Newest first, revoked ones too. */
export function listGitTokens(tx: CallerTransaction, projectId: string): Promise<GitToken[]> {
  return tx
    .selectFrom("git_tokens")
    .select((eb) => [
      "id",
      "name",
      eb.ref("scope").$castTo<GitToken["scope"]>().as("scope"),
      "created_at as createdAt",
      "last_used_at as lastUsedAt",
      "revoked_at as revokedAt",
    ])
    .where("project_id", "=", projectId)
    .orderBy("created_at", "desc")
    .orderBy("id")
    .execute();
}
