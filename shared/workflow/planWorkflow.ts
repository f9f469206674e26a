import type { PlannedStep } from "../run/events.ts";
import { conditionSource, makeExpressionChecker } from "./expressions.ts";
import type { OnFailure, Workflow, WorkflowStep } from "./schema.ts";
import { resolveNeeds, stepVariables } from "./stepTexts.ts";

/** One step as the engine runs it: names and needs resolved, defaults of the file applied. */
export interface PlanStep {
  id: string;
  type: WorkflowStep["type"];
  name: string;
  /** Ids of the steps that must have ended before. */
  needs: string[];
  /** CEL; null when the step always runs. */
  if: string | boolean | null;
  /**
   * True when the `if` reads the status of a step: it then decides also after a failure.
   * After a failure that ends the run (any `on_failure` but `continue`) every other step is skipped.
   */
  runsAfterFailure: boolean;
  timeoutSec: number;
  onFailure: OnFailure;
  onInterrupt: "fail" | "retry";
  /** The step's own settings as in the file, discriminated by `type`. */
  spec: WorkflowStep;
}

export interface WorkflowPlan {
  /** In the order of the file. */
  steps: PlanStep[];
}

/** What to run, from a workflow that `parseWorkflow` accepted. Pure: the same workflow gives the same plan. */
export function planWorkflow(workflow: Workflow): WorkflowPlan {
  const checker = makeExpressionChecker(workflow.inputs);
  const needs = resolveNeeds(workflow, checker);
  const readsStatus = (condition: string | boolean | undefined): boolean => {
    if (typeof condition !== "string") return false;
    const compiled = checker.compile(conditionSource(condition), stepVariables);
    return (
      compiled.ok && compiled.references.some((one) => one.variable === "steps" && one.field === "status")
    );
  };
  const steps = workflow.steps.map((spec, index): PlanStep => {
    const onInterrupt = spec.type === "command" ? spec.on_interrupt : undefined;
    return {
      id: spec.step_id,
      type: spec.type,
      name: spec.name ?? defaultName(spec),
      needs: needs[index] ?? [],
      if: spec.if ?? null,
      runsAfterFailure: readsStatus(spec.if),
      timeoutSec: spec.timeout_sec ?? workflow.defaults.timeout_sec,
      onFailure: spec.on_failure ?? { type: "fail_fast" },
      onInterrupt: onInterrupt ?? workflow.defaults.on_interrupt,
      spec,
    };
  });
  return { steps };
}

/** The plan in the form of the `run.queued` event. */
export function toPlannedSteps(plan: WorkflowPlan): PlannedStep[] {
  return plan.steps.map(({ id, type, name, needs }) => ({ id, type, name, needs }));
}

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function defaultName(step: WorkflowStep): string {
  switch (step.type) {
    case "agent":
      return shorten(step.goal);
    case "command":
      return shorten(step.command);
    case "pull_request":
      return "Open a pull request";
    case "deploy":
      return step.target === "prod" ? "Deploy to production" : "Deploy a preview";
    case "approve":
      return shorten(step.reason);
    case "release":
      return "Release";
    case "notify":
      return "Notify";
  }
}

function shorten(text: string): string {
  const line = text.trim().split("\n", 1)[0] ?? "";
  return line.length > 60 ? `${line.slice(0, 59).trimEnd()}…` : line;
}
