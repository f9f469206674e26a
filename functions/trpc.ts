import { initTRPC, TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import { CoderError, toErrorBody, type ErrorCode } from "../shared/errors.ts";
import { toClosedError } from "./closedError.ts";
import type { Context } from "./context.ts";

/** HTTP statuses tRPC knows by name, one for each of our codes; 410 has no name there, so `handler.ts` sets it. */
const trpcCodes = {
  bad_input: "BAD_REQUEST",
  unauthenticated: "UNAUTHORIZED",
  forbidden: "FORBIDDEN",
  not_found: "NOT_FOUND",
  conflict: "CONFLICT",
  gone: "NOT_FOUND",
  too_large: "PAYLOAD_TOO_LARGE",
  rate_limited: "TOO_MANY_REQUESTS",
  internal: "INTERNAL_SERVER_ERROR",
  unavailable: "SERVICE_UNAVAILABLE",
  timeout: "GATEWAY_TIMEOUT",
} as const satisfies Record<ErrorCode, TRPCError["code"]>;

/** What a client finds in `error.data`. */
export interface ErrorData {
  code: ErrorCode;
  httpStatus: number;
  path: string | null;
  details: unknown;
}

/** `safe`: a mutation that changes nothing of the project, and is not refused to an access token that may only read. */
interface Meta {
  safe?: boolean;
}

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    errorFormatter({ shape, error, path }) {
      const closed = toClosedError(error);
      const body = toErrorBody(closed).error;
      const data: ErrorData = {
        code: body.code,
        httpStatus: closed.httpStatus,
        path: path ?? null,
        details: body.details ?? null,
      };
      return { ...shape, message: body.message, data };
    },
  });

export const { router } = t;

/** Turns what a procedure throws into a `TRPCError` whose HTTP status fits its closed code. */
const closedErrors = t.middleware(async ({ next }) => {
  const result = await next();
  if (result.ok || result.error.cause instanceof ZodError) return result;
  const closed = toClosedError(result.error);
  throw new TRPCError({ code: trpcCodes[closed.code], message: closed.message, cause: closed });
});

/** A procedure of a signed-in user. An access token of scope `read` is refused every mutation. */
export const procedure = t.procedure.use(closedErrors).use(({ ctx, next, type, meta }) => {
  const caller = ctx.signedIn();
  if (type === "mutation" && caller.accessToken?.scope === "read" && meta?.safe !== true) {
    throw new CoderError("forbidden", "This access token may only read; make one that may write");
  }
  return next({ ctx: caller });
});

/** A procedure for people: what gives access away is refused to access tokens, so that a leaked one ends when it is revoked. */
export const sessionProcedure = procedure.use(({ ctx, next }) => {
  if (ctx.accessToken !== undefined) {
    throw new CoderError("forbidden", "An access token cannot do this; sign in to the Studio instead");
  }
  return next();
});
