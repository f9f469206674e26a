import type { Failure } from "../../shared/run/events.ts";
import type { Value } from "../../shared/workflow/expressions.ts";
import type { EngineStep } from "../steps/step.ts";

/** Where each step of a run is, as the parent workflow knows it. Pure: the same messages give the same state. */
export interface StepState {
  status: "pending" | "running" | "waiting" | "succeeded" | "failed" | "skipped" | "canceled";
  /** A failure that ends the run. */
  blocking: boolean;
  outputs: Record<string, Value>;
  failure: Failure | null;
}
export type RunState = Map<string, StepState>;

export function initialState(steps: readonly EngineStep[]): RunState {
  return new Map(
    steps.map((step) => [step.id, { status: "pending", blocking: false, outputs: {}, failure: null }]),
  );
}

export function isEnded(state: StepState): boolean {
  return ["succeeded", "failed", "skipped", "canceled"].includes(state.status);
}

export type Readiness = { kind: "wait" } | { kind: "ready" } | { kind: "skip"; why: string };

/**
 * Whether a pending step may start. It waits for every step it needs. After a failure that ends the run
 * (`on_failure` other than `continue`) only steps whose `if` asks for the status of steps still run.
 */
export function readiness(step: EngineStep, state: RunState): Readiness {
  const needed = step.needs.map((id) => state.get(id));
  if (!needed.every((one) => one !== undefined && isEnded(one))) return { kind: "wait" };
  if (step.runsAfterFailure) return { kind: "ready" };
  const failed = failedStep(state);
  return failed === undefined ? { kind: "ready" } : { kind: "skip", why: `step ${failed} failed` };
}

/** The first step, in the order of the plan, whose failure ends the run. */
export function failedStep(state: RunState): string | undefined {
  for (const [id, one] of state) if (one.status === "failed" && one.blocking) return id;
  return undefined;
}

/** Whether later steps may stand on files that the step left in the checkout. */
export function leavesFiles(step: { type: string }): boolean {
  return ["command", "agent", "operationalize"].includes(step.type);
}

/** Whether a step opens no sandbox; private.mark_light says the same of a run. */
export function isLight(step: EngineStep): boolean {
  return step.type === "notify" || step.type === "approve";
}

/** Whether a step says itself which files it leaves: they are kept as artifacts, and need not be made again. */
export function namesFiles(step: EngineStep): boolean {
  return step.spec.type === "command" && step.spec.artifacts !== undefined;
}

/** Whether a step's failure lets the run go on. */
export function mayFail(step: EngineStep): boolean {
  return step.onFailure.type === "continue";
}
