import { conditionSource, makeExpressionChecker, splitTemplate } from "./expressions.ts";
import type { ExpressionChecker, Variable } from "./expressions.ts";
import type { Workflow, WorkflowStep } from "./schema.ts";
import type { Path } from "./yamlPlaces.ts";

/** Variables that a step's `if`, texts and inputs may read. */
export const stepVariables = ["inputs", "event", "project", "run", "steps"] as const;
const envVariables = [...stepVariables, "secrets"] as const;

/** A text of a step that is, or may hold, expressions. */
export interface StepText {
  /** From the step. */
  path: Path;
  text: string;
  kind: "condition" | "template";
  variables: readonly Variable[];
}

/** Every text of a step in which expressions are evaluated. A command's own text is not among them. */
export function stepTexts(step: WorkflowStep): StepText[] {
  const texts: StepText[] = [];
  const template = (path: Path, text: string, variables: readonly Variable[] = stepVariables): void => {
    if (text.includes("${{")) texts.push({ path, text, kind: "template", variables });
  };
  if (typeof step.if === "string") {
    texts.push({ path: ["if"], text: step.if, kind: "condition", variables: stepVariables });
  }
  switch (step.type) {
    case "command":
      for (const [name, value] of Object.entries(step.env)) template(["env", name], value, envVariables);
      break;
    case "agent":
      template(["goal"], step.goal);
      eachString(step.inputs, ["inputs"], template);
      break;
    case "deploy":
      eachString(step.inputs, ["inputs"], template);
      break;
    case "approve":
      template(["reason"], step.reason);
      break;
    case "notify":
      template(["message"], step.message);
      break;
    case "pull_request":
      template(["title"], step.title);
      template(["body"], step.body);
      break;
    case "release":
      break;
  }
  return texts;
}

function eachString(value: unknown, path: Path, visit: (path: Path, text: string) => void): void {
  if (typeof value === "string") visit(path, value);
  else if (Array.isArray(value)) value.forEach((item, index) => eachString(item, [...path, index], visit));
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) eachString(item, [...path, key], visit);
  }
}

/** Expressions of a text, without what surrounds them. */
function sourcesOf({ kind, text }: Pick<StepText, "kind" | "text">): string[] {
  if (kind === "condition") return [conditionSource(text)];
  return splitTemplate(text).flatMap((piece) => (piece.kind === "expression" ? [piece.source] : []));
}

/**
 * For each step the ids that it needs. With no `needs` anywhere, each step needs the one before it. With one, the file
 * is a graph: a step needs what it names, and every step whose status or outputs its expressions read.
 */
export function resolveNeeds(
  workflow: Pick<Workflow, "steps" | "inputs">,
  checker: ExpressionChecker = makeExpressionChecker(workflow.inputs),
): string[][] {
  const { steps } = workflow;
  if (steps.every((step) => step.needs === undefined)) {
    return steps.map((_, index) => steps.slice(Math.max(0, index - 1), index).map((step) => step.step_id));
  }
  const ids = new Set(steps.map((step) => step.step_id));
  return steps.map((step) => {
    const needs = new Set(step.needs);
    for (const id of stepsRead(step, checker)) if (ids.has(id) && id !== step.step_id) needs.add(id);
    return [...needs];
  });
}

function stepsRead(step: WorkflowStep, checker: ExpressionChecker): string[] {
  const read: string[] = [];
  for (const one of stepTexts(step)) {
    if (!one.text.includes("steps")) continue;
    for (const source of sourcesOf(one)) {
      const compiled = checker.compile(source, one.variables);
      if (!compiled.ok) continue;
      for (const { variable, name } of compiled.references) if (variable === "steps") read.push(name);
    }
  }
  return read;
}
