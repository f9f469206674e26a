import { actionForms, actionNameProblem, globProblem } from "../policy/actions.ts";
import { cronPattern } from "../trigger/cronPattern.ts";
import { checkGraph } from "./checkGraph.ts";
import { checkExpressions } from "./checkExpressions.ts";
import { makeExpressionChecker } from "./expressions.ts";
import { nameHint } from "./nearestName.ts";
import type { Problem } from "./problem.ts";
import type { Workflow } from "./schema.ts";
import { resolveNeeds } from "./stepTexts.ts";
import type { WorkflowSource } from "./workflowSource.ts";

/** What one value alone cannot show: names that refer to others, schedules, expressions, the graph. */
export function checkMeaning(workflow: Workflow, source: WorkflowSource): Problem[] {
  const checker = makeExpressionChecker(workflow.inputs);
  const needs = resolveNeeds(workflow, checker);
  const nodes = workflow.steps.map((step, index) => ({ id: step.step_id, needs: needs[index] ?? [] }));
  return [
    ...checkGraph(workflow.steps, nodes, source),
    ...checkExpressions(workflow, { source, nodes, checker }),
    ...checkTriggers(workflow, source),
    ...checkInputs(workflow, source),
    ...checkPolicies(workflow, source),
    ...checkSteps(workflow, source),
  ];
}

function checkTriggers(workflow: Workflow, source: WorkflowSource): Problem[] {
  const problems: Problem[] = [];
  if (workflow.triggers.length === 0) {
    const hint = "add `triggers: [{ type: manual }]` to say so";
    const at = { path: ["name"], warning: true, hint };
    problems.push(source.problem("no_trigger", "no triggers: it starts by hand only", at));
  }
  workflow.triggers.forEach((trigger, index) => {
    if (trigger.type !== "cron") return;
    const path = ["triggers", index];
    const cronProblem = cronError(trigger.cron);
    if (cronProblem !== undefined) {
      const message = `"${trigger.cron}" is not a schedule: ${cronProblem}`;
      const hint = "five fields: minute hour day-of-month month day-of-week";
      problems.push(source.problem("bad_cron", message, { path: [...path, "cron"], hint }));
    }
    if (!isTimeZone(trigger.timezone)) {
      const hint = nameHint(trigger.timezone, Intl.supportedValuesOf("timeZone"));
      const message = `"${trigger.timezone}" is not a time zone`;
      problems.push(source.problem("bad_timezone", message, { path: [...path, "timezone"], hint }));
    }
  });
  return problems;
}

/** Why an expression is not a five-field cron schedule that fires at least once, or undefined. */
function cronError(expression: string): string | undefined {
  try {
    return cronPattern(expression).nextRun() === null ? "it never fires" : undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function isTimeZone(name: string): boolean {
  try {
    // Offsets such as +02:00 are refused: they do not follow daylight saving, which is what a zone is for.
    return !/^[+-]/.test(name) && new Intl.DateTimeFormat("en", { timeZone: name }).format().length > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function checkInputs(workflow: Workflow, source: WorkflowSource): Problem[] {
  return Object.entries(workflow.inputs).flatMap(([name, input]) => {
    if (input.type !== "choice" || input.default === undefined || input.options.includes(input.default))
      return [];
    const message = `the default "${input.default}" is not one of the options`;
    const hint = nameHint(input.default, input.options);
    return [source.problem("bad_value", message, { path: ["inputs", name, "default"], hint })];
  });
}

function checkPolicies({ policies }: Workflow, source: WorkflowSource): Problem[] {
  const problems: Problem[] = [];
  policies.gates.require_human_approval_for.forEach((action, index) => {
    const problem = actionNameProblem(action);
    if (problem === undefined) return;
    const path = ["policies", "gates", "require_human_approval_for", index];
    const hint = nameHint(action, actionForms);
    problems.push(source.problem("unknown_name", problem, { path, hint }));
  });
  for (const list of ["allowed_paths", "blocked_paths"] as const) {
    (policies.repo[list] ?? []).forEach((glob, index) => {
      const problem = globProblem(glob);
      if (problem === undefined) return;
      problems.push(source.problem("bad_pattern", problem, { path: ["policies", "repo", list, index] }));
    });
  }
  policies.network.allowed_domains.forEach((domain, index) => {
    if (domain === "registry" || domainPattern.test(domain)) return;
    const path = ["policies", "network", "allowed_domains", index];
    const hint = "a host name such as api.example.com or *.example.com, or `registry`; no scheme, no path";
    problems.push(source.problem("bad_pattern", `"${domain}" is not a domain`, { path, hint }));
  });
  return problems;
}

const domainPattern =
  /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:\d{1,5})?$/i;

/** The patterns of a command's files. */
function checkPatterns(
  step: Extract<Workflow["steps"][number], { type: "command" }>,
  index: number,
  source: WorkflowSource,
): Problem[] {
  const cache = step.cache === false ? undefined : step.cache;
  const lists = [
    { path: ["artifacts"], globs: step.artifacts ?? [] },
    { path: ["cache", "key"], globs: cache?.key ?? [] },
    { path: ["cache", "paths"], globs: cache?.paths ?? [] },
  ];
  return lists.flatMap(({ path, globs }) =>
    globs.flatMap((glob, place) => {
      const problem = globProblem(glob);
      // A list may be written as one text.
      const at = globs.length === 1 ? path : [...path, place];
      return problem === undefined
        ? []
        : [source.problem("bad_pattern", problem, { path: ["steps", index, ...at] })];
    }),
  );
}

function checkSteps(workflow: Workflow, source: WorkflowSource): Problem[] {
  const names = new Set(
    workflow.steps.flatMap((step) => [step.step_id, ...(step.name === undefined ? [] : [step.name])]),
  );
  const problems: Problem[] = [];
  workflow.policies.checks.required.forEach((check, index) => {
    if (names.has(check)) return;
    // A warning: the check may be one of the forge's own, which this file cannot know.
    const message = `no step of this file is called "${check}"; the forge must report it`;
    const at = {
      path: ["policies", "checks", "required", index],
      warning: true,
      hint: nameHint(check, names),
    };
    problems.push(source.problem("unknown_check", message, at));
  });
  workflow.steps.forEach((step, index) => {
    if (step.type === "command") problems.push(...checkPatterns(step, index, source));
    if (step.type === "agent" && step.tier !== undefined && step.model !== undefined) {
      const at = { path: ["steps", index, "model"], part: "key" as const, hint: "leave one of them out" };
      problems.push(source.problem("conflicting_keys", "tier and model both choose the model", at));
    }
    if (step.type === "pull_request" && step.merge && step.draft) {
      const at = { path: ["steps", index, "merge"], part: "key" as const, hint: "leave one of them out" };
      problems.push(source.problem("conflicting_keys", "a draft is not merged", at));
    }
  });
  return problems;
}
