import { CoderError } from "../../shared/errors.ts";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { planWorkflow } from "../../shared/workflow/planWorkflow.ts";
import { projectVariables } from "../../shared/workflow/projectVariables.ts";
import { policiesSchema, type Policies, type Workflow } from "../../shared/workflow/schema.ts";
import { operationalizeSteps } from "../operationalize/operationalizeStep.ts";
import type { EngineStep } from "../steps/step.ts";
import type { RunRow } from "./sql/loadRun.ts";

/** What a run does, from its snapshot alone: the same on every worker and every execution. */
export interface RunPlan {
  steps: EngineStep[];
  policies: Policies;
  outputs: Record<string, string>;
  /** Whether a step without a sandbox may be part of the run's own workflow. What a run has journaled must stay true. */
  inline: boolean;
  /** Names and owner of the project as expressions see them. */
  project: { provider: string; owner: string; repo: string; ref: string };
}

/** @throws CoderError `bad_input` when the snapshot holds no workflow that may run. */
export function planRun(run: RunRow): RunPlan {
  const place = { orgSlug: run.org_slug, projectSlug: run.project_slug, ref: run.ref };
  if (run.kind === "operationalize") {
    return {
      steps: operationalizePlan(),
      policies: policiesSchema.parse({}),
      outputs: {},
      inline: false,
      project: projectVariables({}, place),
    };
  }
  const { workflow, steps } = readWorkflow(run.snapshot.yaml ?? "", run.workflow_path);
  return {
    steps,
    policies: workflow.policies,
    outputs: workflow.outputs,
    inline: run.snapshot.engineVersion !== "1",
    project: projectVariables(workflow, place),
  };
}

function operationalizePlan(): EngineStep[] {
  return operationalizeSteps.map(({ id, name }, index) => ({
    id,
    type: "operationalize",
    name,
    needs: index === 0 ? [] : [operationalizeSteps[index - 1]?.id ?? ""],
    if: null,
    runsAfterFailure: false,
    timeoutSec: 1800,
    onFailure: { type: "fail_fast" },
    onInterrupt: "retry",
    spec: { type: "operationalize", step_id: id },
  }));
}

interface ReadWorkflow {
  workflow: Workflow;
  steps: EngineStep[];
}

/** A thousand runs of one file that wait are one plan in memory, and are read once. Small files only: they are all kept. */
const read = new Map<string, ReadWorkflow>();
const maxRead = 50;
const maxReadChars = 64 * 1024;

function readWorkflow(yaml: string, path: string): ReadWorkflow {
  const key = `${path}\n${yaml}`;
  const known = read.get(key);
  if (known) return known;
  const parsed = parseWorkflow(yaml, { path });
  if (!parsed.ok) {
    const problem = parsed.problems.find((one) => one.severity === "error");
    throw new CoderError(
      "bad_input",
      `${path} cannot run: ${problem?.message ?? "it is empty"} (line ${problem?.line ?? 1})`,
    );
  }
  const { workflow } = parsed;
  const result = { workflow, steps: planWorkflow(workflow).steps };
  if (key.length <= maxReadChars) read.set(key, result);
  for (const oldest of read.keys()) {
    if (read.size <= maxRead) break;
    read.delete(oldest);
  }
  return result;
}
