/** The closed set of error codes that cross a process border, with the HTTP status each one maps to. */
export const httpStatusByCode = {
  bad_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
} as const;

export type ErrorCode = keyof typeof httpStatusByCode;

/**
 * The one error class of the product. `message` says what happened, with which value, and what to do;
 * it is shown to users, so it never holds a secret. `details` is JSON for programs (conflicting paths, positions).
 */
export class CoderError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CoderError";
    this.code = code;
    this.details = options.details;
  }

  get httpStatus(): number {
    return httpStatusByCode[this.code];
  }
}

/** Any thrown value as a `CoderError`; what is not one already becomes `internal` with the original as cause. */
export function toCoderError(thrown: unknown): CoderError {
  if (thrown instanceof CoderError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CoderError("internal", message, { cause: thrown });
}

/** The body of an HTTP error response of any of our JSON APIs. */
export interface ErrorBody {
  error: { code: ErrorCode; message: string; details?: unknown };
}

/** `ErrorBody` of an error; an `internal` one keeps its message to the server's log. */
export function toErrorBody(error: CoderError): ErrorBody {
  const message =
    error.code === "internal" ? "Something went wrong on the server; its log has the cause." : error.message;
  return {
    error: { code: error.code, message, ...(error.details === undefined ? {} : { details: error.details }) },
  };
}
