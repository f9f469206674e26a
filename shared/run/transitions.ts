import { CoderError } from "../errors.ts";
import type { RunStatus, StepStatus } from "./events.ts";

/**
 * Which status may follow which. A step goes back to `pending` or `running` only for another attempt;
 * `succeeded`, `skipped` and `canceled` are final, and every status of a finished run is final.
 */
const runTransitions: Record<RunStatus, readonly RunStatus[]> = {
  queued: ["running", "failed", "canceled"],
  running: ["waiting", "succeeded", "failed", "canceled"],
  waiting: ["running", "succeeded", "failed", "canceled"],
  succeeded: [],
  failed: [],
  canceled: [],
};

const stepTransitions: Record<StepStatus, readonly StepStatus[]> = {
  // pending -> succeeded: an earlier run has done it.
  pending: ["running", "waiting", "succeeded", "failed", "skipped", "canceled"],
  // running -> running is a new attempt after an interruption or a retry.
  running: ["running", "waiting", "succeeded", "failed", "skipped", "canceled"],
  waiting: ["running", "waiting", "succeeded", "failed", "skipped", "canceled"],
  succeeded: [],
  // A failed attempt may be followed by the next one.
  failed: ["running"],
  skipped: [],
  canceled: [],
};

export function isFinal(status: RunStatus | StepStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled" || status === "skipped";
}

export function mayRunBecome(from: RunStatus, to: RunStatus): boolean {
  return runTransitions[from].includes(to);
}

export function mayStepBecome(from: StepStatus, to: StepStatus): boolean {
  return stepTransitions[from].includes(to);
}

/** For the writer of events: @throws CoderError `conflict` when the change is not legal. */
export function assertRunTransition(from: RunStatus, to: RunStatus): void {
  if (mayRunBecome(from, to)) return;
  throw new CoderError("conflict", `A ${from} run cannot become ${to}.`, { details: { from, to } });
}

/** For the writer of events: @throws CoderError `conflict` when the change is not legal. */
export function assertStepTransition(stepId: string, from: StepStatus, to: StepStatus): void {
  if (mayStepBecome(from, to)) return;
  throw new CoderError("conflict", `Step ${stepId} is ${from} and cannot become ${to}.`, {
    details: { stepId, from, to },
  });
}
