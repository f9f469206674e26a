import type { AuthError } from "@supabase/supabase-js";
import { z } from "zod/mini";
import { CoderError, httpStatusByCode, type ErrorCode } from "../../shared/errors.ts";
import { rememberNext } from "./arrival.ts";
import type { Auth } from "../session.tsx";

/** The ways into an account. Each throws a CoderError with what to do; none says whether an address has an account. */

const ownerSession = z.object({ access_token: z.string(), refresh_token: z.string() });
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function isErrorCode(code: string): code is ErrorCode {
  return code in httpStatusByCode;
}

function authFailure(error: AuthError): CoderError {
  if (error.name === "AuthRetryableFetchError" || error.status === 0) {
    return new CoderError("unavailable", "The server does not answer. Check that it runs, then try again.", {
      cause: error,
    });
  }
  if (error.code === "invalid_credentials") {
    return new CoderError("unauthenticated", "E-mail and password do not fit together.", { cause: error });
  }
  if (error.status === 429) {
    return new CoderError("rate_limited", "Too many attempts. Wait a minute, then try again.", {
      cause: error,
    });
  }
  return new CoderError("bad_input", error.message, { cause: error });
}

/** As the owner of the installation that this page was served by, from this machine only. */
export async function signInAsOwner(auth: Auth): Promise<void> {
  const response = await fetch("/local/owner-session", { method: "POST" }).catch((cause: unknown) => {
    throw new CoderError("unavailable", "The server does not answer. Check that it runs, then try again.", {
      cause,
    });
  });
  const body: unknown = await response.json();
  if (!response.ok) {
    const failure = errorBody.safeParse(body).data?.error;
    throw new CoderError(
      failure !== undefined && isErrorCode(failure.code) ? failure.code : "internal",
      failure?.message ?? `The server answered ${response.status}.`,
    );
  }
  const { error } = await auth.setSession(ownerSession.parse(body));
  if (error !== null) throw authFailure(error);
}

export interface Credentials {
  email: string;
  password: string;
}

export async function signInWithPassword(auth: Auth, credentials: Credentials): Promise<void> {
  const { error } = await auth.signInWithPassword(credentials);
  if (error !== null) throw authFailure(error);
}

/** Returns whether the new user is signed in; if not, a mail with a link is on its way. */
export async function signUp(auth: Auth, credentials: Credentials): Promise<boolean> {
  const { data, error } = await auth.signUp({
    ...credentials,
    options: { emailRedirectTo: `${location.origin}/signin` },
  });
  if (error !== null) throw authFailure(error);
  return data.session !== null;
}

/** Sends a mail with a link that signs in and leads to the path `next`. */
export async function sendMagicLink(auth: Auth, email: string, next: string): Promise<void> {
  rememberNext(next);
  const { error } = await auth.signInWithOtp({
    email,
    options: { emailRedirectTo: `${location.origin}/signin?next=${encodeURIComponent(next)}` },
  });
  if (error !== null) throw authFailure(error);
}

/** Leaves for GitHub and comes back to the path `next`. */
export async function signInWithGitHub(auth: Auth, next: string): Promise<void> {
  rememberNext(next);
  const { error } = await auth.signInWithOAuth({
    provider: "github",
    options: { redirectTo: `${location.origin}/signin?next=${encodeURIComponent(next)}` },
  });
  if (error !== null) throw authFailure(error);
}
