import { workflowPaths } from "../shared/trigger/workflowPaths.ts";
import { lintWorkflow, parseWorkflow } from "../shared/workflow/parseWorkflow.ts";
import type { Trigger, Workflow } from "../shared/workflow/schema.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { lastRunsByWorkflow } from "./sql/lastRunsByWorkflow.ts";
import { requireProject } from "./sql/requireProject.ts";
import { secretNames } from "./sql/secretNames.ts";
import type { WorkflowInput, WorkflowSummary } from "./views.ts";

/** The workflow files at a ref, with what the linter says and how each ran last. Empty for an empty repository. */
export async function listWorkflows(
  caller: SignedIn,
  projectId: string,
  ref: string | undefined,
): Promise<WorkflowSummary[]> {
  const { lastRuns, project, secrets } = await caller.asCaller(async (tx) => {
    const found = await requireProject(tx, projectId);
    return {
      project: found,
      lastRuns: await lastRunsByWorkflow(tx, projectId),
      secrets: await secretNames(tx, found),
    };
  });
  const forge = forgeOf(caller, projectId);
  if (ref === undefined && (await forge.refs()).head === null) return [];
  const { commit, entries } = await forge.tree(ref ?? project.defaultBranch);
  const paths = workflowPaths(entries.map((entry) => entry.path));
  return Promise.all(
    paths.map(async (path) => {
      const source = await forge.blob(commit, path);
      // A file that only lacks a secret keeps its name and inputs.
      const parsed = parseWorkflow(source, { path });
      const last = lastRuns.find((run) => run.workflowPath === path);
      return {
        path,
        name: parsed.ok ? parsed.workflow.name : path,
        triggers: parsed.ok ? parsed.workflow.triggers.map(describeTrigger) : [],
        problems: lintWorkflow(source, { path, secrets }),
        inputs: parsed.ok ? describeInputs(parsed.workflow) : [],
        lastRun: last === undefined ? null : { number: last.number, status: last.status, at: last.at },
      };
    }),
  );
}

function describeTrigger(trigger: Trigger): WorkflowSummary["triggers"][number] {
  return { type: trigger.type, label: triggerLabel(trigger) };
}

function triggerLabel(trigger: Trigger): string {
  if (trigger.type === "cron") return `${trigger.cron} (${trigger.timezone})`;
  if (trigger.type === "repo_event") return trigger.event;
  if (trigger.type === "webhook") return trigger.name;
  if (trigger.type === "workflow") return `${trigger.workflow} ${trigger.on}`;
  return "manual";
}

function describeInputs(workflow: Workflow): WorkflowInput[] {
  return Object.entries(workflow.inputs).map(([name, input]) => ({
    name,
    type: input.type,
    description: input.description ?? null,
    required: input.required ?? false,
    default: input.default ?? null,
    options: input.type === "choice" ? input.options : [],
  }));
}
