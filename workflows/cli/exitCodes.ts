import type { CoderError, ErrorCode } from "../../shared/errors.ts";

/** What the command line ends with; docs/CLI.md lists them. */
export const exitCodes = {
  ok: 0,
  /** The run failed, the file has errors, the export does not verify, or something unforeseen happened. */
  failed: 1,
  /** Called in a way that cannot be meant. */
  usage: 2,
  /** What was named is not there, or not for this user. */
  notFound: 3,
  /** The server, the registry or a program that is needed does not answer. */
  unavailable: 4,
  /** Ended by Ctrl-C. */
  canceled: 130,
} as const;

const byErrorCode: Record<ErrorCode, number> = {
  bad_input: exitCodes.usage,
  unauthenticated: exitCodes.notFound,
  forbidden: exitCodes.notFound,
  not_found: exitCodes.notFound,
  gone: exitCodes.notFound,
  conflict: exitCodes.failed,
  too_large: exitCodes.failed,
  internal: exitCodes.failed,
  rate_limited: exitCodes.unavailable,
  unavailable: exitCodes.unavailable,
  timeout: exitCodes.unavailable,
};

export function exitCodeOf(error: CoderError): number {
  return byErrorCode[error.code];
}
