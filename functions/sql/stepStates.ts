import type { StepStatus } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { Json } from "../views.ts";

export interface StepState {
  id: string;
  status: StepStatus;
  outputs: { [key: string]: Json };
  /** How often its work was begun; 0 for what was taken over from an earlier run. */
  execs: number;
}

/** Where the steps of a run are. */
export function stepStates(tx: CallerTransaction, runId: string): Promise<StepState[]> {
  return tx
    .selectFrom("step_runs")
    .select((eb) => [
      "step_id as id",
      eb.ref("status").$castTo<StepStatus>().as("status"),
      eb.ref("outputs").$castTo<StepState["outputs"]>().as("outputs"),
      "execs",
    ])
    .where("run_id", "=", runId)
    .execute();
}
