import { createTRPCClient, httpLink, TRPCClientError, type TRPCClient } from "@trpc/client";
import type { inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "../../functions/router.ts";
import { CoderError, httpStatusByCode, toCoderError, type ErrorCode } from "../../shared/errors.ts";
import { readCredentials } from "./credentials.ts";

export type Api = TRPCClient<AppRouter>;
/** What each procedure answers: `Outputs["runs"]["get"]`. */
export type Outputs = inferRouterOutputs<AppRouter>;

export interface Server {
  /** Origin without a slash at its end. */
  url: string;
  api: Api;
}

const defaultUrl = "http://localhost:3000";

/** The server that is meant: `CODER_URL`, else the one of the last sign-in, else a stack on this machine. */
export async function serverUrl(env: NodeJS.ProcessEnv): Promise<string> {
  return normalUrl(env.CODER_URL || (await readCredentials(env)).current || defaultUrl);
}

/** @throws CoderError `bad_input` for anything but an http address. */
export function normalUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new CoderError("bad_input", `"${url}" is not the address of a server, such as ${defaultUrl}`);
  return parsed.origin + parsed.pathname.replace(/\/+$/, "");
}

/** The server with the caller's token. @throws CoderError `unauthenticated` where nobody has signed in. */
export async function connect(env: NodeJS.ProcessEnv): Promise<Server & { token: string }> {
  const url = await serverUrl(env);
  const token = env.CODER_TOKEN || (await readCredentials(env)).tokens[url];
  if (!token)
    throw new CoderError(
      "unauthenticated",
      `You are not signed in at ${url}; run coder login, or set CODER_TOKEN (and CODER_URL for another server)`,
    );
  return { url, token, api: makeApi(url, token) };
}

export function makeApi(url: string, token: string): Api {
  return createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${url}/functions/v1/api/trpc`,
        headers: { authorization: `Bearer ${token}` },
      }),
    ],
  });
}

/** What a call threw, as the error that the server meant; no answer at all is `unavailable`. */
export function toCliError(thrown: unknown): CoderError {
  if (!(thrown instanceof TRPCClientError)) return toCoderError(thrown);
  const data = thrown.data as { code?: unknown; details?: unknown } | null | undefined;
  if (data === null || data === undefined)
    return new CoderError("unavailable", "The server does not answer; is it running?", { cause: thrown });
  const code = isErrorCode(data.code) ? data.code : "internal";
  // The server speaks of signing in to whoever asks; here that is a command.
  const remedy = code === "unauthenticated" ? "; run coder login, or set another CODER_TOKEN" : "";
  return new CoderError(code, `${thrown.message}${remedy}`, { cause: thrown, details: data.details });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && code in httpStatusByCode;
}
