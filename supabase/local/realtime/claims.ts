import { jwtVerify, errors } from "jose";
import { z } from "zod";
import { CoderError } from "../../../shared/errors.ts";

/** Who is on the other side: the claims of a verified token, and the text that policies see as `request.jwt.claims`. */
export interface Claims {
  role: "anon" | "authenticated" | "service_role";
  subject: string | null;
  /** When the token ends, in seconds since 1970; null for keys without an end. */
  expiresAt: number | null;
  json: string;
}

// A closed set: a token signed by us with another role must not become that role in the database.
const claimsSchema = z.looseObject({
  role: z.enum(["anon", "authenticated", "service_role"]),
  sub: z.string().optional(),
  exp: z.number().optional(),
});

/** Verifies a token or key. @throws CoderError `unauthenticated`, its message made for the client. */
export type VerifyToken = (token: string) => Promise<Claims>;

/** A verifier for HS256 tokens of the install, and for its two keys should they not be tokens. */
export function createTokenVerifier(options: {
  jwtSecret: string;
  anonKey: string;
  serviceRoleKey: string;
}): VerifyToken {
  const secret = new TextEncoder().encode(options.jwtSecret);
  const opaqueKeys = new Map(
    (
      [
        ["anon", options.anonKey],
        ["service_role", options.serviceRoleKey],
      ] as const
    )
      .filter(([, key]) => key.split(".").length !== 3)
      .map(([role, key]) => [key, { role, subject: null, expiresAt: null, json: JSON.stringify({ role }) }]),
  );
  return async (token) => {
    const known = opaqueKeys.get(token);
    if (known) return known;
    try {
      // Only HS256: a token with another algorithm or none is refused before its signature is looked at.
      const { payload } = await jwtVerify(token, secret, { algorithms: ["HS256"] });
      const claims = claimsSchema.parse(payload);
      return {
        role: claims.role,
        subject: claims.sub ?? null,
        expiresAt: claims.exp ?? null,
        json: JSON.stringify(payload),
      };
    } catch (cause) {
      throw new CoderError("unauthenticated", `InvalidJWTToken: ${reasonOf(cause)}`, { cause });
    }
  };
}

function reasonOf(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return "Token has expired";
  if (cause instanceof z.ZodError)
    return "The claim `role` is required and must be anon, authenticated or service_role";
  return "Token is malformed or not signed by this install";
}
