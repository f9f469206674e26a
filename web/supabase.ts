import { createClient, type SupabaseClient } from "@supabase/supabase-js";

export interface SupabaseOptions {
  supabaseUrl: string;
  anonKey: string;
  accessToken: () => Promise<string | null>;
}

/**
 * The whole of supabase-js, for Realtime and Storage, in a module of its own: the first page needs its sign-in only
 * and loads this when something is listened to or uploaded.
 */
export function makeSupabase(options: SupabaseOptions): SupabaseClient {
  return createClient(options.supabaseUrl, options.anonKey, { accessToken: options.accessToken });
}
