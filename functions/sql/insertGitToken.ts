import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

export interface NewGitToken {
  projectId: string;
  orgId: string;
  name: string;
  scope: "read" | "write";
  /** Hex sha-256 of the token. */
  hash: string;
  createdBy: string;
}

/** Stores the hash of a new token; answers its id. */
export async function insertGitToken(tx: CallerTransaction, token: NewGitToken): Promise<string> {
  const { id } = await tx
    .insertInto("git_tokens")
    .values({
      project_id: token.projectId,
      org_id: token.orgId,
      name: token.name,
      scope: token.scope,
      token_hash: sql`decode(${token.hash}, 'hex')`,
      created_by: token.createdBy,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}
