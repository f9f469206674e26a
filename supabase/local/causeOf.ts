import type { CoderError } from "../../shared/errors.ts";

/** An error with where it came from, for the log of whoever runs the stack. */
export function causeOf(error: CoderError): string {
  const { cause } = error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : (error.stack ?? error.message);
}
