import { sql } from "kysely";
import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";
import { requireOrgRole } from "./requireOrgRole.ts";

/** Revokes a token for good; revoking twice changes nothing. @throws CoderError `not_found`, `forbidden` */
export async function revokeGitToken(tx: CallerTransaction, userId: string, tokenId: string): Promise<void> {
  const token = await tx
    .selectFrom("git_tokens")
    .select("org_id")
    .where("id", "=", tokenId)
    .executeTakeFirst();
  if (token === undefined) throw new CoderError("not_found", "There is no such token");
  await requireOrgRole(tx, { orgId: token.org_id, userId, atLeast: "member" });
  await tx
    .updateTable("git_tokens")
    .set({ revoked_at: sql`now()` })
    .where("id", "=", tokenId)
    .where("revoked_at", "is", null)
    .execute();
}
