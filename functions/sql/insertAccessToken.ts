import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

export interface NewAccessToken {
  userId: string;
  orgId: string | null;
  name: string;
  scope: "read" | "write";
  /** Hex sha-256 of the token. */
  hash: string;
  prefix: string;
  /** ISO 8601; null: never. */
  expiresAt: string | null;
}

/** Stores the hash of a new token; answers its id. */
export async function insertAccessToken(tx: CallerTransaction, token: NewAccessToken): Promise<string> {
  const { id } = await tx
    .insertInto("access_tokens")
    .values({
      user_id: token.userId,
      org_id: token.orgId,
      name: token.name,
      scope: token.scope,
      token_hash: sql`decode(${token.hash}, 'hex')`,
      prefix: token.prefix,
      expires_at: token.expiresAt,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}
