import { CoderError } from "../../shared/errors.ts";

/** Sign-in with GitHub as the environment sets it up; undefined where it does not. */
export function githubSettings(): { clientId: string; secret: string; url?: string } | undefined {
  const {
    CODER_GITHUB_CLIENT_ID: clientId,
    CODER_GITHUB_CLIENT_SECRET: secret,
    CODER_GITHUB_URL: url,
  } = process.env;
  if (!clientId && !secret) return undefined;
  if (!clientId || !secret) {
    throw new CoderError(
      "bad_input",
      "GitHub sign-in needs both CODER_GITHUB_CLIENT_ID and CODER_GITHUB_CLIENT_SECRET.",
    );
  }
  return { clientId, secret, ...(url ? { url } : {}) };
}
