import { CoderError } from "../shared/errors.ts";

/** Where this Studio's backend is. Locally served by the stack itself; hosted it is fixed when the Studio is built. */
export interface Config {
  supabaseUrl: string;
  anonKey: string;
  /** Whether one click signs in as the owner of this machine's installation. */
  ownerSignIn: boolean;
  /** Whether GitHub sign-in is configured. */
  github: boolean;
  /** Path of the page with caught mails, or null where real mail is sent. */
  mail: string | null;
  webcontainer?: { apiKey?: string };
  /** Path of the package registry on our own origin. */
  npm: string;
}

/**
 * The configuration in a server's answer; what is optional and missing gets its default.
 * Checked by hand, since these seven fields would otherwise bring the whole of zod into the first page.
 * @throws CoderError `internal` when it has no backend
 */
export function readConfig(answer: unknown): Config {
  const fields: Readonly<Record<string, unknown>> =
    typeof answer === "object" && answer !== null ? { ...answer } : {};
  const { supabaseUrl, anonKey, ownerSignIn, github, mail, webcontainer, npm } = fields;
  if (typeof supabaseUrl !== "string" || typeof anonKey !== "string") {
    throw new CoderError(
      "internal",
      "The configuration of this server is not one that this Studio understands.",
    );
  }
  const apiKey: unknown =
    typeof webcontainer === "object" && webcontainer !== null && "apiKey" in webcontainer
      ? webcontainer.apiKey
      : undefined;
  return {
    supabaseUrl,
    anonKey,
    ownerSignIn: ownerSignIn === true,
    github: github === true,
    mail: typeof mail === "string" ? mail : null,
    npm: typeof npm === "string" ? npm : "/npm",
    ...(webcontainer === undefined ? {} : { webcontainer: typeof apiKey === "string" ? { apiKey } : {} }),
  };
}

/** @throws CoderError `unavailable` when the server does not answer, `internal` when its answer is not a configuration */
export async function loadConfig(env: Readonly<Record<string, unknown>>): Promise<Config> {
  // Set in the environment of a hosted build; Vite puts them in.
  const {
    VITE_SUPABASE_URL: supabaseUrl,
    VITE_SUPABASE_ANON_KEY: anonKey,
    VITE_GITHUB_SIGN_IN: github,
  } = env;
  if (supabaseUrl !== undefined && anonKey !== undefined) {
    return readConfig({ supabaseUrl, anonKey, github: github === "true" });
  }
  const response = await fetch("/local/config.json").catch((cause: unknown) => {
    throw new CoderError(
      "unavailable",
      "Coder's server does not answer. Start it with `npm start`, then reload.",
      {
        cause,
      },
    );
  });
  if (!response.ok) {
    throw new CoderError(
      "unavailable",
      `Coder's server answered ${response.status} for its configuration. Restart it, then reload.`,
    );
  }
  return readConfig(await response.json());
}
