/** Where the browser keeps the session; supabase-js writes it. */
export const sessionKey = "coder.session";

/** Shorter than this, a token may have ended before the server reads it. */
const marginSec = 60;

/** The access token of the stored session while it is good for another minute; null without one, or where storage is blocked. */
export function storedToken(read: (key: string) => string | null, nowSec: number): string | null {
  try {
    const session: unknown = JSON.parse(read(sessionKey) ?? "null");
    if (typeof session !== "object" || session === null) return null;
    const { access_token: token, expires_at: expiresAt }: Record<string, unknown> = { ...session };
    return typeof token === "string" && typeof expiresAt === "number" && expiresAt > nowSec + marginSec
      ? token
      : null;
  } catch {
    return null;
  }
}
