import type { RunFacts } from "../../shared/run/diffRuns.ts";
import type { Outputs } from "../api.ts";
import { readTestReport } from "./artifactData.ts";

export type Comparable = Outputs["history"]["comparable"];

/** A loaded run as the comparison takes it. */
export function factsOf({ run, yaml, reports }: Comparable): RunFacts {
  return {
    commit: run.commit,
    ref: run.ref,
    yaml,
    inputs: run.inputs,
    outputs: run.outputs ?? {},
    steps: run.steps.map((step) => ({
      id: step.id,
      name: step.name,
      status: step.status,
      ms:
        step.startedAt === null || step.finishedAt === null
          ? null
          : Date.parse(step.finishedAt) - Date.parse(step.startedAt),
      millicredits: step.millicredits,
      outputs: step.outputs,
    })),
    tests: reports.flatMap((data) => readTestReport(data) ?? []),
  };
}
