import { DBOS } from "@dbos-inc/dbos-sdk";
import { toCoderError } from "../../shared/errors.ts";
import type { Approved } from "../steps/step.ts";
import { executeStep, type ExecuteDeps, type StepOutcome } from "./executeStep.ts";
import type { RunMessage } from "./runMessage.ts";

export interface StepArguments {
  runId: string;
  stepId: string;
  /** Which start of the step this is, from 1: an approved gate starts it anew. */
  round: number;
  /** How often earlier rounds have begun it. */
  execsBefore: number;
  approved: readonly Approved[];
}

/** The id of the child workflow that runs a step. */
export function stepWorkflowId(step: Pick<StepArguments, "runId" | "stepId" | "round">): string {
  return `${step.runId}/${step.stepId}/${step.round}`;
}

/**
 * The child workflow: attempts one after the other with the pauses of `on_failure: retry`, each journaled, and at the
 * end one message to the run.
 */
export function makeRunStep(deps: ExecuteDeps): (step: StepArguments) => Promise<void> {
  return async (step) => {
    const { plan } = await deps.load(step.runId);
    const onFailure = plan.steps.find((one) => one.id === step.stepId)?.onFailure;
    const retry = onFailure?.type === "retry" ? onFailure : { max_attempts: 1, backoff_sec: 0 };
    let outcome: StepOutcome | undefined;
    let { execsBefore } = step;
    for (let attempt = 1; attempt <= retry.max_attempts; attempt++) {
      const request = { ...step, attempt, execsBefore, last: attempt === retry.max_attempts };
      outcome = await DBOS.runStep(() => executeStep(deps, request).catch(internalFailure(execsBefore)), {
        name: `attempt ${attempt}`,
      });
      execsBefore = outcome.execs;
      if (outcome.kind !== "ended" || outcome.status !== "failed" || request.last) break;
      // Exponential: a service that is down needs more time at each try.
      if (retry.backoff_sec > 0) await DBOS.sleep(retry.backoff_sec * 1000 * 2 ** (attempt - 1));
    }
    if (!outcome) return;
    const message: RunMessage = { type: "done", stepId: step.stepId, round: step.round, outcome };
    await DBOS.send(step.runId, message, "ev", `done:${step.stepId}:${step.round}`);
  };
}

/** What a step's code throws is a step's failure; this is for what the engine itself could not do. */
function internalFailure(execsBefore: number): (error: unknown) => StepOutcome {
  return (error) => ({
    kind: "ended",
    status: "failed",
    failure: { code: "internal", message: toCoderError(error).message },
    outputs: {},
    execs: execsBefore + 1,
  });
}
