import type { StepStatus } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { Run, RunStep } from "../views.ts";
import { selectRuns } from "./listRuns.ts";

/** One run with its steps, or undefined. */
export async function readRun(
  tx: CallerTransaction,
  projectId: string,
  number: number,
): Promise<Run | undefined> {
  const run = await selectRuns(tx)
    .select((eb) => [
      eb.ref("r.inputs").$castTo<Run["inputs"]>().as("inputs"),
      eb.ref("r.outputs").$castTo<Run["outputs"]>().as("outputs"),
      "r.rerun_of as rerunOf",
      "r.cancel_requested_at as cancelRequestedAt",
      "r.last_seq as lastSeq",
    ])
    .where("r.project_id", "=", projectId)
    .where("r.number", "=", number)
    .executeTakeFirst();
  if (run === undefined) return undefined;
  const steps: RunStep[] = await tx
    .selectFrom("step_runs")
    .select((eb) => [
      "step_id as id",
      "position",
      "type",
      "name",
      eb.ref("status").$castTo<StepStatus>().as("status"),
      "attempt",
      "exit_code as exitCode",
      eb.ref("outputs").$castTo<RunStep["outputs"]>().as("outputs"),
      eb.ref("failure").$castTo<RunStep["failure"]>().as("failure"),
      "started_at as startedAt",
      "finished_at as finishedAt",
    ])
    .where("run_id", "=", run.id)
    .orderBy("position")
    .execute();
  return { ...run, topic: `run:${run.id}`, steps };
}
