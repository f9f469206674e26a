import { createHash } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import { CoderError } from "../shared/errors.ts";
import type { Claims, Deps } from "./deps.ts";

/** 32 random bytes in base64url behind a name that secret scanners can know. */
const accessToken = /^cpt_[A-Za-z0-9_-]{43}$/;

export function isAccessToken(token: string): boolean {
  return token.startsWith("cpt_");
}

export function hashAccessToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

const answerSchema = z
  .union([
    z.object({ claims: z.looseObject({ sub: z.uuid(), role: z.string() }) }),
    z.object({ refused: z.enum(["revoked", "expired"]) }),
  ])
  .nullable();

/**
 * The claims that an access token stands for: its user's, and its own limits as `token_id`, `token_scope` and
 * `token_org`, which row-level security holds it to.
 * @throws CoderError `unauthenticated` for one that is unknown, revoked or expired.
 */
export async function verifyAccessToken(deps: Deps, token: string): Promise<Claims> {
  if (!accessToken.test(token)) throw refusal("is not whole: copy all of it");
  const answer = await deps.db.transaction().execute(async (tx) => {
    await sql`select set_config('role', 'service_role', true)`.execute(tx);
    const { rows } = await sql<{ answer: unknown }>`
      select private.use_access_token(decode(${hashAccessToken(token)}, 'hex')) as answer`.execute(tx);
    return answerSchema.parse(rows[0]?.answer);
  });
  if (answer === null) throw refusal("is unknown");
  if ("refused" in answer)
    throw refusal(answer.refused === "revoked" ? "has been revoked" : "has expired; make a new one");
  return answer.claims;
}

function refusal(what: string): CoderError {
  return new CoderError("unauthenticated", `This access token ${what}`);
}
