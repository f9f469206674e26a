import { createHmac } from "node:crypto";
import { z } from "zod";
import { signJwt, verifyJwt } from "../jwt.ts";
import { StorageError } from "./storageError.ts";

const claims = z.object({
  url: z.string(),
  intent: z.enum(["download", "upload"]),
  upsert: z.boolean().optional(),
  owner: z.string().optional(),
});
export type SignedClaims = z.infer<typeof claims>;

/** Its own key: a signed URL can never stand in for an access token, nor an access token for a signed URL. */
function keyOf(jwtSecret: string): string {
  return createHmac("sha256", jwtSecret).update("storage signed url").digest("hex");
}

/** @param expiresIn seconds */
export async function signUrl(content: SignedClaims, expiresIn: number, jwtSecret: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return signJwt({ ...content, iat: now, exp: now + expiresIn }, keyOf(jwtSecret));
}

/** @throws StorageError 400 unless the token was made by `signUrl` for this object and intent and has not expired. */
export async function verifyUrl(
  token: string | null,
  expected: { url: string; intent: SignedClaims["intent"] },
  jwtSecret: string,
): Promise<SignedClaims> {
  const parsed = claims.safeParse(await verifyJwt(token ?? "", keyOf(jwtSecret)));
  if (!parsed.success || parsed.data.url !== expected.url || parsed.data.intent !== expected.intent) {
    throw new StorageError(400, "InvalidJWT", "The signed URL is not valid or has expired");
  }
  return parsed.data;
}
