import { CoderError } from "../shared/errors.ts";
import { engineVersion } from "../shared/run/engineVersion.ts";
import { parseWorkflow } from "../shared/workflow/parseWorkflow.ts";
import { planWorkflow, toPlannedSteps } from "../shared/workflow/planWorkflow.ts";
import { projectVariables } from "../shared/workflow/projectVariables.ts";
import { resolveConcurrency } from "../shared/workflow/resolveConcurrency.ts";
import { problemText } from "../shared/workflow/problemText.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { resolveInputs } from "../shared/workflow/resolveInputs.ts";
import { requireProject } from "./sql/requireProject.ts";
import { findRun } from "./sql/requireRun.ts";
import { secretNames } from "./sql/secretNames.ts";
import { startRun } from "./sql/startRun.ts";
import type { Json } from "./views.ts";

export interface RunIntent {
  id: string;
  projectId: string;
  workflowPath: string;
  ref?: string | undefined;
  inputs: { [key: string]: Json };
  dryRun: boolean;
}

/**
 * Starts a run of a workflow file as it is at the ref's commit. The run keeps the text: later edits do not touch it.
 * @throws CoderError `bad_input` with `details.problems` (positions) when the file may not run.
 */
export async function startWorkflowRun(caller: SignedIn, intent: RunIntent): Promise<number> {
  const { project, existing, secrets } = await caller.asCaller(async (tx) => {
    const found = await requireProject(tx, intent.projectId);
    return {
      project: found,
      existing: await findRun(tx, intent.id),
      secrets: await secretNames(tx, found),
    };
  });
  // The second call of one intent answers what the first did, also when the branch has moved in between.
  if (existing !== undefined && existing.projectId === project.id) return existing.number;
  const forge = forgeOf(caller, project.id);
  const ref = intent.ref ?? project.defaultBranch;
  const { commit, entries } = await forge.tree(ref);
  if (!entries.some((entry) => entry.path === intent.workflowPath)) {
    throw new CoderError("not_found", `There is no ${intent.workflowPath} at ${ref}`);
  }
  const source = await forge.blob(commit, intent.workflowPath);
  const parsed = parseWorkflow(source, { path: intent.workflowPath, secrets });
  if (!parsed.ok) {
    const errors = parsed.problems.filter((problem) => problem.severity === "error");
    throw new CoderError(
      "bad_input",
      errors.map((problem) => problemText(intent.workflowPath, problem)).join("\n"),
      {
        details: { problems: parsed.problems },
      },
    );
  }
  const { workflow } = parsed;
  const inputs = resolveInputs(workflow.inputs, intent.inputs);
  const place = { orgSlug: project.orgSlug, projectSlug: project.slug, ref };
  const concurrency = resolveConcurrency(workflow, {
    inputs,
    event: {},
    project: projectVariables(workflow, place),
  });
  const steps = toPlannedSteps(planWorkflow(workflow));
  const yaml = new TextDecoder().decode(source);
  return caller.asCaller((tx) =>
    startRun(tx, {
      id: intent.id,
      projectId: project.id,
      kind: "workflow",
      workflowPath: intent.workflowPath,
      name: workflow.name,
      ref,
      commit,
      trigger: "manual",
      inputs,
      snapshot: { yaml, engineVersion },
      steps,
      dryRun: intent.dryRun,
      concurrency,
    }),
  );
}
