import { toCoderError } from "../../shared/errors.ts";
import type { Failure } from "../../shared/run/events.ts";
import { interpolate, type ExpressionContext, type Value } from "../../shared/workflow/expressions.ts";
import type { RunPlan } from "./planRun.ts";
import { failedStep, type RunState } from "./runState.ts";

/** How a run ends. */
export interface Conclusion {
  status: "succeeded" | "failed" | "canceled";
  failure: Failure | null;
  outputs: Record<string, Value>;
}

/** How a run ends whose steps have ended so, and what it gives. A dry run gives nothing. Pure. */
export function conclusion(
  plan: RunPlan,
  { state, expressions, dryRun }: { state: RunState; expressions: ExpressionContext; dryRun: boolean },
): Conclusion {
  const failed = failedStep(state);
  if (failed !== undefined) {
    const name = plan.steps.find((step) => step.id === failed)?.name ?? failed;
    const { code, message } = state.get(failed)?.failure ?? {
      code: "internal" as const,
      message: "no reason was given",
    };
    return { status: "failed", failure: { code, message: `${name}: ${message}` }, outputs: {} };
  }
  if (dryRun) return { status: "succeeded", failure: null, outputs: {} };
  try {
    const outputs = Object.fromEntries(
      Object.entries(plan.outputs).map(([name, text]) => [name, interpolate(text, expressions)]),
    );
    return { status: "succeeded", failure: null, outputs };
  } catch (error) {
    const failure: Failure = { code: "expression", message: toCoderError(error).message };
    return { status: "failed", failure, outputs: {} };
  }
}
