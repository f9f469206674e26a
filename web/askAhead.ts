import type { Config } from "./config.ts";

/** What the page's URL names, and the answer about it that is on its way. */
export interface Asked<Address, Answer> {
  address: Address;
  answer: Promise<Answer>;
}

/**
 * Asks a function by a plain request, before the Studio with its client is there. Whoever gets the answer asks again by
 * the client when this fails, and shows what that says.
 * @throws Error when it is not answered with 200
 */
export async function askAhead<Answer>(
  config: Promise<Config>,
  token: string,
  question: { path: string; input: unknown },
): Promise<Answer> {
  const { supabaseUrl, anonKey } = await config;
  const input = encodeURIComponent(JSON.stringify(question.input));
  const response = await fetch(`${supabaseUrl}/functions/v1/api/trpc/${question.path}?input=${input}`, {
    headers: { apikey: anonKey, authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`${question.path} was answered with ${response.status}`);
  const { result } = (await response.json()) as { result: { data: Answer } };
  return result.data;
}
