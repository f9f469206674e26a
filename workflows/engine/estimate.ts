import { commandCost, type Prices } from "../../shared/billing/credits.ts";
import type { Estimate, Range } from "../../shared/run/estimate.ts";
import type { NewArtifact, RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { RunPlan } from "./planRun.ts";
import { attemptsOf } from "./runStep.ts";
import { listRunDurations, type RunDurations } from "./sql/listRunDurations.ts";
import { loadPrices } from "./sql/loadPrices.ts";

const runsLookedAt = 20;

/**
 * What a dry run says about the time and the credits that a real one will take: from the last successful runs of the
 * workflow, or that there are none; and the most that it can cost.
 */
export async function estimateRun(sql: Sql, run: RunInfo, plan: RunPlan): Promise<NewArtifact> {
  const { projectId, workflowPath } = run;
  const [runs, prices] = await whenConnected(() =>
    Promise.all([
      listRunDurations(sql, { projectId, workflowPath, limit: runsLookedAt }),
      loadPrices(sql, run.id),
    ]),
  );
  const credits = estimateCredits(runs, plan, prices);
  const data: Estimate = { ...toEstimate(runs, plan), ...(credits === undefined ? {} : { credits }) };
  return { kind: "metrics", name: "estimate", data };
}

export function toEstimate(runs: readonly RunDurations[], plan: Pick<RunPlan, "steps">): Estimate {
  if (runs.length === 0)
    return { runs: 0, message: "This workflow has not succeeded yet, so there is nothing to estimate from." };
  return {
    runs: runs.length,
    durationMs: rangeOf(runs.map((one) => Math.round(one.durationMs))),
    steps: plan.steps.map(({ id, name }) => {
      const samples = runs.flatMap((one) => (one.steps[name] === undefined ? [] : [one.steps[name]]));
      // A step that is new, or has only been skipped so far.
      return {
        id,
        name,
        runs: samples.length,
        durationMs: samples.length === 0 ? null : rangeOf(samples.map(Math.round)),
      };
    }),
  };
}

/** Undefined where nothing costs anything. */
export function estimateCredits(
  runs: readonly RunDurations[],
  plan: Pick<RunPlan, "steps" | "policies">,
  prices: Prices,
): Estimate["credits"] {
  if (prices.commandMinute === 0) return undefined;
  const commands = plan.steps.filter((step) => step.type === "command");
  const worst = commands.reduce(
    (sum, step) => sum + attemptsOf(step.onFailure).attempts * commandCost(step.timeoutSec * 1000, prices),
    0,
  );
  const costs = runs.map((run) =>
    commands.reduce((sum, { name }) => sum + commandCost(run.steps[name] ?? 0, prices), 0),
  );
  const likely = costs.length === 0 ? null : rangeOf(costs);
  return {
    worst: worst / 1000,
    likely: likely && {
      median: likely.median / 1000,
      low: likely.low / 1000,
      high: likely.high / 1000,
    },
    budget: plan.policies.budget.max_credits ?? null,
  };
}

/** Of whole numbers. */
function rangeOf(samples: readonly number[]): Range {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? 0;
  const middle = Math.floor((sorted.length - 1) / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : Math.round((at(middle) + at(middle + 1)) / 2);
  return { median, low: at(0), high: at(sorted.length - 1) };
}
