import type { Failure } from "../../shared/run/events.ts";
import type { OnFailure } from "../../shared/workflow/schema.ts";
import type { StepContext } from "../steps/step.ts";

export interface RepairRequest {
  /** The failed step's own context: its sandbox, log, artifacts and signal. */
  context: StepContext;
  role: Extract<OnFailure, { type: "agent_retry" }>["role"];
  failure: Failure;
  outputs: StepContext["expressions"]["inputs"];
}

/** `repaired`: the step is tried again. Otherwise it ends with this failure. */
export type RepairResult = { kind: "repaired" } | { kind: "gave_up"; failure: Failure };

/** The port that `on_failure: agent_retry` calls after a failed attempt, while the step's sandbox is still open. */
export type Repair = (request: RepairRequest) => Promise<RepairResult>;

/** An installation without agents: the failure says so, and keeps what had gone wrong. */
export const noRepair: Repair = ({ role, failure }) =>
  Promise.resolve({
    kind: "gave_up",
    failure: {
      code: "not_configured",
      message: `No agent is configured for the role ${role}, so nobody could repair this: ${failure.message}`,
    },
  });
