import type { NewArtifact, RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { RunPlan } from "./planRun.ts";
import { listRunDurations, type RunDurations } from "./sql/listRunDurations.ts";

const runsLookedAt = 20;

/** Milliseconds. */
type Range = { median: number; low: number; high: number };

/** What a dry run says about the time a real one will take: the last successful runs of the workflow, or that there are none. */
export async function estimateRun(sql: Sql, run: RunInfo, plan: RunPlan): Promise<NewArtifact> {
  const { projectId, workflowPath } = run;
  const runs = await whenConnected(() =>
    listRunDurations(sql, { projectId, workflowPath, limit: runsLookedAt }),
  );
  return { kind: "metrics", name: "estimate", data: toEstimate(runs, plan) };
}

export function toEstimate(
  runs: readonly RunDurations[],
  plan: Pick<RunPlan, "steps">,
): NewArtifact["data"] & object {
  if (runs.length === 0)
    return { runs: 0, message: "This workflow has not succeeded yet, so there is nothing to estimate from." };
  return {
    runs: runs.length,
    durationMs: rangeOf(runs.map((one) => one.durationMs)),
    steps: plan.steps.map(({ id, name }) => {
      const samples = runs.flatMap((one) => (one.steps[name] === undefined ? [] : [one.steps[name]]));
      // A step that is new, or has only been skipped so far.
      return { id, name, runs: samples.length, durationMs: samples.length === 0 ? null : rangeOf(samples) };
    }),
  };
}

function rangeOf(samples: readonly number[]): Range {
  const sorted = samples.map(Math.round).sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? 0;
  const middle = Math.floor((sorted.length - 1) / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : Math.round((at(middle) + at(middle + 1)) / 2);
  return { median, low: at(0), high: at(sorted.length - 1) };
}
