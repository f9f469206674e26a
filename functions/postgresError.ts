import { CoderError, type ErrorCode } from "../shared/errors.ts";

interface ServerError {
  code: string;
  message: string;
  routine?: string | undefined;
}

const generic = {
  bad_input: "The database refused a value of this request",
  forbidden: "You may not do this",
  not_found: "There is no such thing, or you may not see it",
  conflict: "This is there already, or something else depends on it",
  timeout: "The database took too long; try again",
  unavailable: "The database cannot be reached right now; try again in a moment",
};

const codes: Record<string, ErrorCode> = {
  P0002: "not_found",
  "42501": "forbidden",
  "23505": "conflict",
  "23503": "conflict",
  "23514": "bad_input",
  "23502": "bad_input",
  "22023": "bad_input",
  "22001": "bad_input",
  "22003": "bad_input",
  "22021": "bad_input",
  "22P02": "bad_input",
  "22P05": "bad_input",
  "57014": "timeout",
  "40001": "unavailable",
  "40P01": "unavailable",
  "55P03": "unavailable",
};

/** Codes of sockets when there is no server to talk to. */
const connectionCodes = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EPIPE", "ETIMEDOUT"]);

/** What `pg` says without a code when a connection ends or none is free. */
const lostConnection =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/;

/** Connection (08), resources (53) and shutdown (57P) are about the server, not about the request. */
const serverTrouble = /^(?:08|53|57P)/;

/**
 * A database error as one of the closed codes, or undefined for what has no meaning to a caller.
 * Only text that our own functions raised is shown: Postgres' own messages name tables and constraints.
 */
export function fromPostgresError(thrown: unknown): CoderError | undefined {
  if (thrown instanceof Error && lostConnection.test(thrown.message)) {
    return new CoderError("unavailable", generic.unavailable, { cause: thrown });
  }
  if (!isServerError(thrown)) return undefined;
  const code = codeOf(thrown.code);
  if (code === undefined) return undefined;
  const isOurs = thrown.routine === "exec_stmt_raise" && code !== "unavailable";
  return new CoderError(code, isOurs ? thrown.message : genericOf(code), {
    cause: thrown,
  });
}

function genericOf(code: ErrorCode): string {
  return code in generic ? generic[code as keyof typeof generic] : "The database refused this";
}

function codeOf(sqlState: string): ErrorCode | undefined {
  if (connectionCodes.has(sqlState) || serverTrouble.test(sqlState)) return "unavailable";
  return codes[sqlState];
}

function isServerError(thrown: unknown): thrown is ServerError {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string";
}
