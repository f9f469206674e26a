import { initTRPC, TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import { toErrorBody, type ErrorCode } from "../shared/errors.ts";
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

const t = initTRPC.context<Context>().create({
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

/** A procedure of a signed-in user. */
export const procedure = t.procedure.use(closedErrors).use(({ ctx, next }) => {
  return next({ ctx: ctx.signedIn() });
});
