import type { Outputs } from "../api.ts";
import type { Config } from "../config.ts";
import type { RunAddress } from "./runAddress.ts";

/**
 * Asks for a run by a plain request, before the Studio with its client is there. Whoever gets the answer asks again by the
 * client when this fails, and shows what that says.
 * @throws Error when the answer is not a run
 */
export async function askForRun(
  config: Promise<Config>,
  address: RunAddress,
  token: string,
): Promise<Outputs["history"]["open"]> {
  const { supabaseUrl, anonKey } = await config;
  const input = encodeURIComponent(JSON.stringify(address));
  const response = await fetch(`${supabaseUrl}/functions/v1/api/trpc/history.open?input=${input}`, {
    headers: { apikey: anonKey, authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`The run was answered with ${response.status}`);
  const { result } = (await response.json()) as { result: { data: Outputs["history"]["open"] } };
  return result.data;
}
