import { stringify } from "yaml";
import { conditionSource, splitTemplate } from "../workflow/expressions.ts";
import { planWorkflow, type PlanStep } from "../workflow/planWorkflow.ts";
import type { Trigger, Workflow, WorkflowInput } from "../workflow/schema.ts";
import { UnknownExpression } from "./actionsExpression.ts";
import { celToActions } from "./celToActions.ts";
import { Notes, type Interchange } from "./report.ts";
import type { Written } from "./written.ts";

/**
 * A workflow as a plain GitHub Actions file that does its command steps, in one job, because they share a checkout.
 * Everything else is noted: agents, deployments, approvals and releases need Coder.
 */
export function exportActions(workflow: Workflow): Interchange {
  const notes = new Notes();
  const { steps } = planWorkflow(workflow);
  const job: Written = {
    "runs-on": "ubuntu-latest",
    "timeout-minutes": Math.ceil(workflow.policies.budget.max_wall_clock_sec / 60),
    steps: [
      { uses: "actions/checkout@v4" },
      { uses: "actions/setup-node@v4", with: { "node-version": "lts/*" } },
      ...inOrder(steps).flatMap((step) => exportStep(step, notes) ?? []),
    ],
  };
  notePolicies(workflow, notes);
  const file: Written = {
    name: workflow.name,
    on: exportTriggers(workflow, notes),
    permissions: { contents: "read" },
    ...exportConcurrency(workflow, notes),
    jobs: { workflow: job },
  };
  return { text: stringify(file, { lineWidth: 110 }), notes: notes.list };
}

function notePolicies({ policies }: Workflow, notes: Notes): void {
  const { network, gates } = policies;
  notes.changed(
    "policies.network",
    `there the network is open; here it is ${network.allowed_domains.join(", ") || "closed"}`,
  );
  if (gates.require_human_approval_for.length > 0)
    notes.leftOut("policies.gates", "use environments with reviewers there");
}

/** Steps before those that need them; otherwise as in the file. */
function inOrder(steps: readonly PlanStep[]): PlanStep[] {
  const ordered: PlanStep[] = [];
  const rest = new Set(steps);
  while (rest.size > 0) {
    // The linter has refused cycles, so there is always one.
    const next = [...rest].find(
      (step) => !step.needs.some((need) => [...rest].some((one) => one.id === need)),
    );
    if (next === undefined) break;
    rest.delete(next);
    ordered.push(next);
  }
  return ordered;
}

function exportStep(step: PlanStep, notes: Notes): Written | undefined {
  const at = `steps.${step.id}`;
  const { spec } = step;
  if (spec.type !== "command") {
    notes.leftOut(at, `${spec.type} steps run in Coder only`);
    return undefined;
  }
  if (Object.keys(spec.reports).length > 0) notes.leftOut(`${at}.reports`, "there are no test reports there");
  try {
    const condition = exportCondition(step);
    const env = Object.fromEntries(
      Object.entries(spec.env).map(([name, value]) => [name, exportTemplate(value)]),
    );
    return {
      id: step.id,
      name: step.name,
      ...(condition === undefined ? {} : { if: condition }),
      run: exportCommand(step, spec.command, notes),
      ...(Object.keys(env).length > 0 ? { env } : {}),
      "timeout-minutes": Math.max(1, Math.ceil(step.timeoutSec / 60)),
      ...(step.onFailure.type === "continue" ? { "continue-on-error": true } : {}),
    };
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
    notes.leftOut(at, `it reads ${error.message}`);
    return undefined;
  }
}

function exportCommand(step: PlanStep, command: string, notes: Notes): string {
  const outputs = command.replaceAll(/\bCODER_OUTPUT\b/g, "GITHUB_OUTPUT");
  const { onFailure } = step;
  if (onFailure.type === "agent_retry")
    notes.leftOut(`steps.${step.id}.on_failure`, "no agent repairs there");
  if (onFailure.type !== "retry") return outputs;
  // A function of its own shell, so that `exit` ends the attempt and not the step.
  const attempts = Array.from({ length: onFailure.max_attempts }, (_, index) => index + 1).join(" ");
  const pause = onFailure.backoff_sec > 0 ? `\n  sleep ${onFailure.backoff_sec}` : "";
  return `for attempt in ${attempts}; do\n  if bash -e <<'ATTEMPT'\n${outputs}\nATTEMPT\n  then exit 0; fi${pause}\ndone\nexit 1`;
}

function exportCondition({ if: condition, runsAfterFailure }: PlanStep): string | undefined {
  if (condition === null || condition === true) return undefined;
  if (condition === false) return "false";
  const text = celToActions(conditionSource(condition));
  return runsAfterFailure ? `\${{ always() && ${text} }}` : `\${{ ${text} }}`;
}

function exportTemplate(text: string): string {
  return splitTemplate(text)
    .map((piece) =>
      piece.kind === "expression"
        ? `\${{ ${celToActions(piece.source)} }}`
        : piece.kind === "text"
          ? piece.text
          : "",
    )
    .join("");
}

function exportTriggers({ triggers, inputs }: Workflow, notes: Notes): Written {
  const on: Written = {};
  for (const [index, trigger] of triggers.entries())
    addTrigger(on, trigger, { at: `triggers[${index}]`, notes });
  if (Object.keys(inputs).length > 0 && "workflow_dispatch" in on)
    on["workflow_dispatch"] = {
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, exportInput(input)])),
    };
  return Object.keys(on).length > 0 ? on : { workflow_dispatch: {} };
}

function exportInput(input: WorkflowInput): Written {
  return { ...input };
}

const events: Record<string, { name: string; type?: string }> = {
  push: { name: "push" },
  "pull_request.opened": { name: "pull_request", type: "opened" },
  "pull_request.updated": { name: "pull_request", type: "synchronize" },
  "pull_request.closed": { name: "pull_request", type: "closed" },
  "pull_request.merged": { name: "pull_request", type: "closed" },
  "pull_request.labeled": { name: "pull_request", type: "labeled" },
  "pull_request.commented": { name: "issue_comment", type: "created" },
  "issue.opened": { name: "issues", type: "opened" },
  "issue.labeled": { name: "issues", type: "labeled" },
  "issue.commented": { name: "issue_comment", type: "created" },
  "check.finished": { name: "check_run", type: "completed" },
};

function addTrigger(on: Written, trigger: Trigger, { at, notes }: { at: string; notes: Notes }): void {
  if (trigger.type === "manual") on["workflow_dispatch"] = {};
  else if (trigger.type === "cron") {
    if (trigger.timezone !== "UTC")
      notes.changed(at, `schedules there are in UTC, not in ${trigger.timezone}`);
    on["schedule"] = [...((on["schedule"] as Written[] | undefined) ?? []), { cron: trigger.cron }];
  } else if (trigger.type === "repo_event") addEvent(on, trigger, { at, notes });
  else if (trigger.type === "webhook") on["repository_dispatch"] = { types: [trigger.name] };
  else {
    notes.changed(at, `the workflow there must be named ${trigger.workflow}`);
    on["workflow_run"] = { workflows: [trigger.workflow], types: ["completed"] };
  }
  if ("if" in trigger && trigger.if !== undefined)
    notes.leftOut(`${at}.if`, "put it into the job's if there");
}

function addEvent(
  on: Written,
  trigger: Extract<Trigger, { type: "repo_event" }>,
  { at, notes }: { at: string; notes: Notes },
): void {
  const event = events[trigger.event];
  if (event === undefined) return;
  if (trigger.event === "pull_request.merged")
    notes.changed(at, "there it also fires when a change is closed without a merge");
  if (trigger.labels !== undefined) notes.leftOut(`${at}.labels`, "put it into the job's if there");
  const before = (on[event.name] ?? {}) as { types?: string[] };
  const types =
    event.type === undefined ? {} : { types: [...new Set([...(before.types ?? []), event.type])] };
  const mayFilter = event.name === "push" || event.name === "pull_request";
  const filters = mayFilter
    ? {
        ...(trigger.branches ? { branches: trigger.branches } : {}),
        ...(trigger.paths ? { paths: trigger.paths } : {}),
      }
    : {};
  on[event.name] = { ...before, ...types, ...filters };
}

function exportConcurrency({ concurrency }: Workflow, notes: Notes): Written {
  if (concurrency === undefined) return {};
  if (concurrency.max > 1) notes.changed("concurrency.max", "one at a time there");
  if (concurrency.when_full === "skip")
    notes.changed("concurrency.when_full", "the run waits there instead of being skipped");
  try {
    return {
      concurrency: {
        group: exportTemplate(concurrency.group),
        "cancel-in-progress": concurrency.when_full === "cancel_oldest",
      },
    };
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
    notes.leftOut("concurrency", `its group reads ${error.message}`);
    return {};
  }
}
