import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { AccessToken } from "../views.ts";

/** A user's own tokens that still work, newest first. */
export function listAccessTokens(tx: CallerTransaction, userId: string): Promise<AccessToken[]> {
  return tx
    .selectFrom("access_tokens")
    .select((eb) => [
      "id",
      "name",
      "prefix",
      eb.ref("scope").$castTo<AccessToken["scope"]>().as("scope"),
      "org_id as orgId",
      "created_at as createdAt",
      "last_used_at as lastUsedAt",
      "expires_at as expiresAt",
    ])
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null)
    .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", sql<string>`now()`)]))
    .orderBy("created_at", "desc")
    .orderBy("id")
    .execute();
}
