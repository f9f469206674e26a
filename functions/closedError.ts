import { TRPCError } from "@trpc/server";
import { z, ZodError } from "zod";
import { CoderError, toCoderError, type ErrorCode } from "../shared/errors.ts";
import { fromPostgresError } from "./postgresError.ts";

const codeOfTrpc: Partial<Record<TRPCError["code"], ErrorCode>> = {
  PARSE_ERROR: "bad_input",
  BAD_REQUEST: "bad_input",
  UNSUPPORTED_MEDIA_TYPE: "bad_input",
  METHOD_NOT_SUPPORTED: "bad_input",
  NOT_FOUND: "not_found",
  PAYLOAD_TOO_LARGE: "too_large",
  UNAUTHORIZED: "unauthenticated",
};

/** Any error of a call as one of the closed codes. Only what was written for the caller keeps its message. */
export function toClosedError(thrown: unknown): CoderError {
  if (thrown instanceof CoderError) return thrown;
  if (thrown instanceof ZodError) {
    return new CoderError("bad_input", z.prettifyError(thrown), { details: { issues: thrown.issues } });
  }
  if (thrown instanceof TRPCError) {
    const { cause } = thrown;
    // What a procedure throws arrives wrapped.
    if (cause instanceof CoderError || cause instanceof ZodError) return toClosedError(cause);
    if (thrown.code === "INTERNAL_SERVER_ERROR" && cause !== undefined) return toClosedError(cause);
    const code = codeOfTrpc[thrown.code];
    if (code !== undefined) return new CoderError(code, thrown.message, { cause: thrown });
  }
  return fromPostgresError(thrown) ?? toCoderError(thrown);
}
