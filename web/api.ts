import { createTRPCUntypedClient, httpBatchLink, TRPCClientError, type TRPCClient } from "@trpc/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import { QueryClient } from "@tanstack/solid-query";
import { createContext, useContext } from "solid-js";
import type { AppRouter } from "../functions/router.ts";
import { CoderError, httpStatusByCode, toCoderError, type ErrorCode } from "../shared/errors.ts";

export type Api = TRPCClient<AppRouter>;
/** What each procedure answers: `Outputs["runs"]["get"]`. */
export type Outputs = inferRouterOutputs<AppRouter>;
export type Inputs = inferRouterInputs<AppRouter>;

export interface ApiOptions {
  /** Base of the functions, e.g. `http://localhost:3000/functions/v1/api`. */
  url: string;
  anonKey: string;
  /** The caller's access token, or null when nobody is signed in. */
  accessToken: () => Promise<string | null>;
  fetch?: typeof fetch;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && code in httpStatusByCode;
}

/** What a call threw, as the error that the server meant; no answer at all is `unavailable`. */
export function toApiError(thrown: unknown): CoderError {
  if (!(thrown instanceof TRPCClientError)) return toCoderError(thrown);
  const data: unknown = thrown.data;
  if (data === null || data === undefined) {
    return new CoderError("unavailable", "The server does not answer. What you see may be old.", {
      cause: thrown,
    });
  }
  const { code, details } = data as { code?: unknown; details?: unknown };
  return new CoderError(isErrorCode(code) ? code : "internal", thrown.message, { cause: thrown, details });
}

/** The API, typed by the router. Every failed call rejects with a `CoderError`. */
export function makeApi(options: ApiOptions): Api {
  const client = createTRPCUntypedClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${options.url}/trpc`,
        maxURLLength: 2000,
        fetch: (input, init) => (options.fetch ?? fetch)(input as RequestInfo, init as RequestInit),
        headers: async () => {
          const token = await options.accessToken();
          return { apikey: options.anonKey, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
        },
      }),
    ],
  });
  const call = async (path: string, kind: string, args: unknown[]) => {
    try {
      return kind === "mutate" ? await client.mutation(path, args[0]) : await client.query(path, args[0]);
    } catch (error) {
      throw toApiError(error);
    }
  };
  const at = (path: string[]): unknown =>
    new Proxy(() => undefined, {
      // `then` is asked for by `await`; a proxy that answered would look like a promise.
      get: (_target, key) => (typeof key === "symbol" || key === "then" ? undefined : at([...path, key])),
      apply: (_target, _this, args: unknown[]) => call(path.slice(0, -1).join("."), path.at(-1) ?? "", args),
    });
  return at([]) as Api;
}

const codesWorthAnotherTry: ErrorCode[] = ["unavailable", "timeout"];

/** The cache of what was asked. Only an unanswered question is asked again by itself. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => count < 3 && codesWorthAnotherTry.includes(toCoderError(error).code),
        // A failed question is shown where its answer would be, not thrown through the page.
        throwOnError: false,
      },
    },
  });
}

export const ApiContext = createContext<Api>();

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === undefined) throw new Error("useApi outside of its provider");
  return api;
}
