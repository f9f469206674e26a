import { sql } from "kysely";
import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";

/** Revokes a token for good; revoking twice changes nothing. @throws CoderError `not_found` */
export async function revokeAccessToken(tx: CallerTransaction, tokenId: string): Promise<void> {
  const token = await tx
    .selectFrom("access_tokens")
    .select("id")
    .where("id", "=", tokenId)
    .executeTakeFirst();
  if (token === undefined) throw new CoderError("not_found", "There is no such access token");
  await tx
    .updateTable("access_tokens")
    .set({ revoked_at: sql`now()` })
    .where("id", "=", tokenId)
    .where("revoked_at", "is", null)
    .execute();
}
