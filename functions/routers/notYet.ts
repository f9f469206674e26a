import { CoderError } from "../../shared/errors.ts";

/** The body of a procedure whose types are settled and whose work is not written yet. */
export function notYet(): Promise<never> {
  return Promise.reject(new CoderError("unavailable", "This call is not ready yet"));
}
