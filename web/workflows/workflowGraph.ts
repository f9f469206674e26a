import type { JsonObject } from "../../shared/workflow/edit/json.ts";
import { isSequence, needsOf, stepIdAt, stepsOf } from "../../shared/workflow/edit/planEdit.ts";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { planWorkflow } from "../../shared/workflow/planWorkflow.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import type { Workflow } from "../../shared/workflow/schema.ts";
import { readWorkflowSource } from "../../shared/workflow/workflowSource.ts";

/** What the builder shows of a text, also of one with mistakes. */
export interface WorkflowModel {
  /** Null while the YAML itself cannot be read. */
  value: JsonObject | null;
  steps: StepModel[];
  problems: readonly Problem[];
  /** Only of a file that may run. */
  workflow: Workflow | null;
}

export interface StepModel {
  index: number;
  id: string;
  type: string;
  name: string;
  needs: string[];
}

/** Reads a text for the builder; the steps of the text before are kept while it cannot be read. */
export function readModel(
  text: string,
  options: { path: string; before?: WorkflowModel | undefined },
): WorkflowModel {
  const parsed = parseWorkflow(text, { path: options.path });
  const { problems } = parsed;
  if (parsed.ok) {
    const value = valueOf(text);
    const steps = planWorkflow(parsed.workflow).steps.map(({ id, type, name, needs }, index) => ({
      index, id, type, name, needs,
    })); // prettier-ignore
    return { value, steps, problems, workflow: parsed.workflow };
  }
  const value = valueOf(text);
  if (value === null) return { value, steps: options.before?.steps ?? [], problems, workflow: null };
  return { value, steps: roughSteps(value), problems, workflow: null };
}

function valueOf(text: string): JsonObject | null {
  const read = readWorkflowSource(text);
  return read.ok ? (read.source.value as JsonObject) : null;
}

/** Steps of a file that does not pass the linter: what is written, without what would have to be worked out. */
function roughSteps(value: JsonObject): StepModel[] {
  const steps = stepsOf(value);
  const inOrder = isSequence(steps);
  const ids = steps.map((_, index) => stepIdAt(steps, index));
  return steps.map((step, index) => {
    const text = [
      step["name"],
      step["command"],
      step["goal"],
      step["reason"],
      step["message"],
      step["title"],
    ].find((one) => typeof one === "string" && one !== "");
    const needs = inOrder ? ids.slice(Math.max(0, index - 1), index) : needsOf(step);
    return {
      index,
      id: ids[index] ?? "",
      type: typeof step["type"] === "string" ? step["type"] : "unknown",
      name: typeof text === "string" ? (text.split("\n")[0] ?? "") : (ids[index] ?? ""),
      needs: needs.filter((need) => ids.includes(need)),
    };
  });
}

/** The graph's boxes are called by position: ids may be missing or doubled while a file is written. */
export function boxOf(index: number): string {
  return String(index);
}

/** Arrows between boxes. */
export function edgesOf(steps: readonly StepModel[]): { from: string; to: string }[] {
  const boxes = new Map(steps.map((step) => [step.id, boxOf(step.index)]));
  return steps.flatMap((step) =>
    step.needs.flatMap((need) => {
      const from = boxes.get(need);
      return from === undefined || from === boxOf(step.index) ? [] : [{ from, to: boxOf(step.index) }];
    }),
  );
}

/** The first mistake in a step's lines, for its box: `steps` says on which line each step starts. */
export function problemsOfSteps(text: string, model: WorkflowModel): Map<number, string> {
  const starts = stepLines(text);
  const found = new Map<number, string>();
  for (const problem of model.problems) {
    if (problem.severity !== "error") continue;
    const index = starts.findLastIndex((line) => line <= problem.line);
    const isLast = index === starts.length - 1;
    if (index === -1 || found.has(index) || (isLast && !/^\s/.test(text.split("\n")[problem.line - 1] ?? "")))
      continue;
    found.set(index, problem.message);
  }
  return found;
}

/** Lines, from 1, on which the steps of a block list start. */
export function stepLines(text: string): number[] {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => /^steps\s*:/.test(line));
  if (head === -1) return [];
  const starts: number[] = [];
  let column: number | undefined;
  for (let at = head + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (/^[^\s#-]/.test(line)) break;
    const dash = /^( *)-(?:\s|$)/.exec(line);
    if (dash === null) continue;
    column ??= dash[1]?.length;
    if (dash[1]?.length === column) starts.push(at + 1);
  }
  return starts;
}
