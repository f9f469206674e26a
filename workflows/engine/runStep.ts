import { DBOS } from "@dbos-inc/dbos-sdk";
import { toCoderError } from "../../shared/errors.ts";
import type { Approved } from "../steps/step.ts";
import type { OnFailure } from "../../shared/workflow/schema.ts";
import { executeStep, type ExecuteDeps, type StepOutcome, type StepRequest } from "./executeStep.ts";
import { messagePollMs, type RunMessage } from "./runMessage.ts";

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

/** Why a run is stopped; what its steps in a pause between attempts are told. */
export type RunStop = "canceled" | "budget_wall_clock";
export const stopTopic = "stop";

/** How often a step may be tried, and the pause after its first failure. */
export function attemptsOf(onFailure: OnFailure | undefined): { attempts: number; backoffSec: number } {
  if (onFailure?.type === "retry")
    return { attempts: onFailure.max_attempts, backoffSec: onFailure.backoff_sec };
  // The first try, and one after each repair.
  if (onFailure?.type === "agent_retry") return { attempts: onFailure.max_attempts + 1, backoffSec: 0 };
  return { attempts: 1, backoffSec: 0 };
}

/**
 * The child workflow: attempts one after the other with the pauses of `on_failure: retry`, each journaled, and at the
 * end one message to the run.
 */
export function makeRunStep(deps: ExecuteDeps): (step: StepArguments) => Promise<void> {
  return async (step) => {
    const { plan } = await deps.load(step.runId);
    const onFailure = plan.steps.find((one) => one.id === step.stepId)?.onFailure;
    const { attempts, backoffSec } = attemptsOf(onFailure);
    let outcome: StepOutcome | undefined;
    let { execsBefore } = step;
    let stopped: RunStop | null = null;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const request = { ...step, attempt, execsBefore, last: attempt === attempts, stopped };
      outcome = await DBOS.runStep(() => executeAttempt(deps, request), { name: `attempt ${attempt}` });
      execsBefore = outcome.execs;
      if (outcome.kind !== "ended" || outcome.status !== "failed" || outcome.final) break;
      // Exponential: a service that is down needs more time at each try. The run may be stopped meanwhile.
      const timeoutSeconds = backoffSec * 2 ** (attempt - 1);
      if (timeoutSeconds === 0) continue;
      const resumed = deps.pausing(step.runId);
      stopped = await DBOS.recv<RunStop>(stopTopic, { timeoutSeconds, pollingIntervalMs: messagePollMs });
      resumed();
    }
    if (!outcome) return;
    const message: RunMessage = { type: "done", stepId: step.stepId, round: step.round, outcome };
    await DBOS.send(step.runId, message, "ev", `done:${step.stepId}:${step.round}`);
  };
}

/** One attempt, of which also what the engine itself could not do is an outcome. */
export function executeAttempt(deps: ExecuteDeps, request: StepRequest): Promise<StepOutcome> {
  return executeStep(deps, request).catch(internalFailure(request.execsBefore));
}

/** What a step's code throws is a step's failure; this is for what the engine itself could not do. */
function internalFailure(execsBefore: number): (error: unknown) => StepOutcome {
  return (error) => ({
    kind: "ended",
    status: "failed",
    failure: { code: "internal", message: toCoderError(error).message },
    outputs: {},
    execs: execsBefore + 1,
    final: true,
    endedAt: null,
  });
}
