import { z } from "zod/mini";
import { CoderError } from "../shared/errors.ts";

/** Where this Studio's backend is. Locally served by the stack itself; hosted it is fixed when the Studio is built. */
const configSchema = z.object({
  supabaseUrl: z.string(),
  anonKey: z.string(),
  /** Whether one click signs in as the owner of this machine's installation. */
  ownerSignIn: z._default(z.boolean(), false),
  /** Whether GitHub sign-in is configured. */
  github: z._default(z.boolean(), false),
  /** Path of the page with caught mails, or null where real mail is sent. */
  mail: z._default(z.nullable(z.string()), null),
  webcontainer: z.optional(z.object({ apiKey: z.optional(z.string()) })),
  /** Path of the package registry on our own origin. */
  npm: z._default(z.string(), "/npm"),
});
export type Config = z.infer<typeof configSchema>;

/** @throws CoderError `unavailable` when the server does not answer, `internal` when its answer is not a configuration */
export async function loadConfig(env: Readonly<Record<string, unknown>>): Promise<Config> {
  // Set in the environment of a hosted build; Vite puts them in.
  const {
    VITE_SUPABASE_URL: supabaseUrl,
    VITE_SUPABASE_ANON_KEY: anonKey,
    VITE_GITHUB_SIGN_IN: github,
  } = env;
  if (supabaseUrl !== undefined && anonKey !== undefined) {
    return configSchema.parse({ supabaseUrl, anonKey, github: github === "true" });
  }
  const response = await fetch("/local/config.json").catch((cause: unknown) => {
    throw new CoderError(
      "unavailable",
      "Coder's server does not answer. Start it with `npm start`, then reload.",
      { cause },
    );
  });
  if (!response.ok) {
    throw new CoderError(
      "unavailable",
      `Coder's server answered ${response.status} for its configuration. Restart it, then reload.`,
    );
  }
  const parsed = configSchema.safeParse(await response.json());
  if (parsed.success) return parsed.data;
  throw new CoderError(
    "internal",
    "The configuration of this server is not one that this Studio understands.",
    {
      cause: parsed.error,
    },
  );
}
