import { createClient, isAuthRetryableFetchError } from "@supabase/supabase-js";
import { CoderError } from "../shared/errors.ts";
import type { Deps } from "./deps.ts";
import { invalidToken, toClaims } from "./verifyWithSecret.ts";

/**
 * Verifies tokens of a hosted project: asymmetric ones with its published keys, which are kept in memory,
 * and those of its older shared secret by asking its auth server.
 * https://supabase.com/docs/reference/javascript/auth-getclaims
 */
export function verifyWithSupabase(url: string, anonKey: string): Deps["verifyToken"] {
  const { auth } = createClient(url, anonKey, { auth: { persistSession: false, autoRefreshToken: false } });
  return async (token) => {
    const { data, error } = await auth.getClaims(token);
    if (error !== null && isAuthRetryableFetchError(error)) {
      throw new CoderError("unavailable", "Sign-in cannot be checked right now; try again in a moment", {
        cause: error,
      });
    }
    if (error !== null || data === null) throw invalidToken(error);
    return toClaims(data.claims);
  };
}
