import { toCoderError } from "../../shared/errors.ts";
import type { Failure } from "../../shared/run/events.ts";
import type { EngineStep } from "../steps/step.ts";
import { WorkspaceLost } from "./runHost.ts";

/** A step's failure with the message that its `fail_fast` gives, if it does. */
export function withMessage(step: EngineStep, failure: Failure): Failure {
  const said = step.onFailure.type === "fail_fast" ? step.onFailure.message : undefined;
  return said === undefined ? failure : { ...failure, message: `${said} (${failure.message})` };
}

/** What somebody is told of an error that a step has thrown, with what to do. */
export function failureOf(error: unknown): Failure {
  if (error instanceof WorkspaceLost) return { code: "interrupted", message: error.message };
  const coder = toCoderError(error);
  // Storage has a disk of its own.
  if (/\bENOSPC\b|No space left on device/i.test(coder.message) && !coder.message.startsWith("Storage ")) {
    const message = `The disk of the worker is full: free some space, then run it again. (${coder.message})`;
    return { code: coder.message.startsWith("git ") ? "checkout_failed" : "sandbox_unavailable", message };
  }
  if (coder.code === "bad_input") return { code: "expression", message: coder.message };
  if (coder.code !== "unavailable") return { code: "internal", message: coder.message };
  return {
    code: coder.message.startsWith("git ")
      ? "checkout_failed"
      : coder.message.includes("sandbox")
        ? "sandbox_unavailable"
        : "internal",
    message: coder.message,
  };
}
