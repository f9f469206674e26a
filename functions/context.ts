import { sql, type Transaction } from "kysely";
import { z } from "zod";
import { CoderError } from "../shared/errors.ts";
import type { Claims, Deps, Tables } from "./deps.ts";
import { isAccessToken, verifyAccessToken } from "./verifyAccessToken.ts";

/** A transaction whose role and claims are the caller's: row-level security decides what it sees. */
export type CallerTransaction = Transaction<Tables>;

/** A call of a user whose token was verified. */
export interface SignedIn {
  deps: Deps;
  token: string;
  /** What storage takes, once the caller's right to an object has been checked: it knows no access tokens. */
  storageToken: string;
  userId: string;
  /** The access token that the call came with; undefined for a session. */
  accessToken: { id: string; scope: "read" | "write"; orgId: string | null } | undefined;
  /** Runs `work` in one transaction as the caller. */
  asCaller<T>(work: (tx: CallerTransaction) => Promise<T>): Promise<T>;
}

export interface Context {
  /** @throws CoderError `unauthenticated` without a valid token of a user. */
  signedIn(): SignedIn;
}

/** Who asks: verifies the bearer token once per request. A call that needs nobody signed in is not refused here. */
export async function createContext(request: Request, deps: Deps): Promise<Context> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const claims = token === undefined ? undefined : await verify(deps, token);
  return {
    signedIn() {
      if (token === undefined) throw new CoderError("unauthenticated", "Sign in to do this");
      if (claims instanceof CoderError) throw claims;
      const userId = z.uuid().safeParse(claims?.sub);
      // The publishable key and the service key are valid tokens too, but nobody's.
      if (claims?.role !== "authenticated" || !userId.success) {
        throw new CoderError("unauthenticated", "Sign in to do this: this token is not a user's");
      }
      const viaToken = accessTokenOf(claims);
      return {
        deps,
        token,
        storageToken: viaToken === undefined ? token : deps.serviceKey,
        userId: userId.data,
        accessToken: viaToken,
        asCaller: (work) => inTransactionAs(deps, claims, work),
      };
    },
  };
}

const tokenClaimsSchema = z.object({
  token_id: z.uuid(),
  token_scope: z.enum(["read", "write"]),
  token_org: z.uuid().optional(),
});

function accessTokenOf(claims: Claims): SignedIn["accessToken"] {
  if (claims["token_id"] === undefined) return undefined;
  const { token_id: id, token_scope: scope, token_org: orgId = null } = tokenClaimsSchema.parse(claims);
  return { id, scope, orgId };
}

async function verify(deps: Deps, token: string): Promise<Claims | CoderError> {
  try {
    return await (isAccessToken(token) ? verifyAccessToken(deps, token) : deps.verifyToken(token));
  } catch (error) {
    if (error instanceof CoderError && error.code === "unauthenticated") return error;
    throw error;
  }
}

function inTransactionAs<T>(
  deps: Deps,
  claims: Claims,
  work: (tx: CallerTransaction) => Promise<T>,
): Promise<T> {
  // Says that the call came through here and was checked (private.require_api); a user's token cannot.
  const stated = JSON.stringify({ ...claims, via: "functions" });
  return deps.db.transaction().execute(async (tx) => {
    await sql`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${stated}, true)`.execute(
      tx,
    );
    return work(tx);
  });
}

/**
 * Goes on as service_role until the transaction ends. For facts that only the server may state,
 * after the caller's right to them has been checked in the same transaction.
 */
export async function becomeService(tx: CallerTransaction): Promise<void> {
  // `for` is nobody's right; it names in the audit log whose call this is.
  await sql`select set_config('role', 'service_role', true),
    set_config('request.jwt.claims', json_build_object('role', 'service_role', 'for', auth.uid())::text, true)`.execute(
    tx,
  );
}

/** Runs `work` in one transaction as service_role, on behalf of nobody: what the server itself looks up or records. */
export function asService<T>(
  deps: Pick<Deps, "db">,
  work: (tx: CallerTransaction) => Promise<T>,
): Promise<T> {
  return deps.db.transaction().execute(async (tx) => {
    await sql`select set_config('role', 'service_role', true), set_config('request.jwt.claims', '{"role":"service_role"}', true)`.execute(
      tx,
    );
    return work(tx);
  });
}
