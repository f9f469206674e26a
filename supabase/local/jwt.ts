import { SignJWT, jwtVerify, type JWTPayload } from "jose";

/** The claims of a user's access token, as hosted Supabase issues them. */
export interface AccessClaims extends JWTPayload {
  sub?: string;
  role?: string;
  email?: string;
  session_id?: string;
  app_metadata?: Record<string, unknown>;
  user_metadata?: Record<string, unknown>;
  aal?: string;
  amr?: { method: string; timestamp: number }[];
}

/** Signs with the secret of this installation (HS256), as the local Supabase stack does. */
export async function signJwt(claims: JWTPayload, jwtSecret: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode(jwtSecret));
}

/**
 * The claims of a token signed with the installation's secret and not expired; undefined for any other string.
 * Only HS256 is taken: a token that names another algorithm, or none, is not ours.
 */
export async function verifyJwt(token: string, jwtSecret: string): Promise<AccessClaims | undefined> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(jwtSecret), {
      algorithms: ["HS256"],
    });
    return payload;
  } catch {
    // Whatever is wrong with it, it proves nobody's identity.
    return undefined;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}
