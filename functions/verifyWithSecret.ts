import { errors, jwtVerify } from "jose";
import { CoderError } from "../shared/errors.ts";
import type { Claims, Deps } from "./deps.ts";

/** Verifies tokens signed with one shared secret (HS256), as the local stack and older hosted projects sign them. */
export function verifyWithSecret(secret: string): Deps["verifyToken"] {
  const key = new TextEncoder().encode(secret);
  return async (token) => {
    try {
      // The algorithm is ours to name: a token must not choose it.
      const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"] });
      return toClaims(payload);
    } catch (cause) {
      if (cause instanceof errors.JWTExpired)
        throw new CoderError("unauthenticated", "Your session has expired; sign in again", { cause });
      if (cause instanceof errors.JOSEError) throw invalidToken(cause);
      throw cause;
    }
  };
}

/** @throws CoderError `unauthenticated` for a payload without a role. */
export function toClaims(payload: { [claim: string]: unknown }): Claims {
  const { role, sub } = payload;
  if (typeof role !== "string") throw invalidToken(undefined);
  return { ...payload, role, sub: typeof sub === "string" ? sub : undefined };
}

export function invalidToken(cause: unknown): CoderError {
  return new CoderError("unauthenticated", "This session is not valid; sign in again", { cause });
}
