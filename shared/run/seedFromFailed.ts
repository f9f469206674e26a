import type { PlannedStep, StepStatus } from "./events.ts";
import type { Value } from "../workflow/expressions.ts";

/** What a run takes over from an earlier one, by step: `p_options.seed` of `start_run`. */
export type RunSeed = Record<
  string,
  { outputs: Record<string, Value>; from: { runId: string; number: number } }
>;

/** A step of the run that is run again from where it failed. */
export interface EndedStep extends PlannedStep {
  status: StepStatus;
  outputs: Record<string, Value>;
  /** The run that did the step's work: this one, or one that it took it over from itself. */
  from: { runId: string; number: number };
}

/**
 * What "run again from the failed steps" takes over: every step that succeeded and does not stand on one that is done
 * again. What was skipped is decided anew. An approval is asked for again when a step that waits for it is still to be
 * done: it was given to the run that asked.
 */
export function seedFromFailed(steps: readonly EndedStep[]): RunSeed {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const standing = new Map<string, boolean>();
  /** Whether neither the step nor anything below it is done again; the linter has refused cycles. */
  const stands = (id: string): boolean => {
    const known = standing.get(id);
    if (known !== undefined) return known;
    standing.set(id, false);
    const step = byId.get(id);
    const answer =
      step !== undefined &&
      (step.status === "succeeded" || step.status === "skipped") &&
      step.needs.every(stands);
    standing.set(id, answer);
    return answer;
  };
  const kept = steps.filter((step) => step.status === "succeeded" && stands(step.id));
  const keptIds = new Set(kept.map((step) => step.id));
  const asksAgain = (step: EndedStep): boolean =>
    step.type === "approve" && steps.some((one) => one.needs.includes(step.id) && !keptIds.has(one.id));
  return Object.fromEntries(
    kept.filter((step) => !asksAgain(step)).map(({ id, outputs, from }) => [id, { outputs, from }]),
  );
}
