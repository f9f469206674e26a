import { triggerInWords } from "../../shared/workflow/describe/workflowInWords.ts";
import type { WorkflowEdit } from "../../shared/workflow/edit/editWorkflow.ts";
import type { JsonObject } from "../../shared/workflow/edit/json.ts";
import { isObject, sameJson } from "../../shared/workflow/edit/json.ts";
import { isSequence, needsOf, stepIdAt, stepsOf } from "../../shared/workflow/edit/planEdit.ts";
import { inspectWorkflow, type Finding, type LintOptions } from "../../shared/workflow/parseWorkflow.ts";
import { planWorkflow } from "../../shared/workflow/planWorkflow.ts";
import { triggerSchema, type Workflow } from "../../shared/workflow/schema.ts";
import { readWorkflowSource } from "../../shared/workflow/workflowSource.ts";
import type { FieldPath } from "./workflowForm.ts";

/** What the builder shows of a text, also of one with mistakes. */
export interface WorkflowModel {
  /** Null while the YAML itself cannot be read. */
  value: JsonObject | null;
  triggers: TriggerModel[];
  steps: StepModel[];
  findings: readonly Finding[];
  /** Only of a file that may run. */
  workflow: Workflow | null;
}

export interface TriggerModel {
  index: number;
  type: string;
  /** What it does; its type while it is not right. */
  words: string;
}

export interface StepModel {
  index: number;
  id: string;
  type: string;
  name: string;
  needs: string[];
}

/** Reads a text for the builder; what the text before had is kept while it cannot be read. */
export function readModel(
  text: string,
  { before, ...options }: LintOptions & { before?: WorkflowModel | undefined },
): WorkflowModel {
  const { value, workflow, findings } = inspectWorkflow(text, options);
  if (value === null) {
    const { triggers = [], steps = [] } = before ?? {};
    return { value, triggers, steps, findings, workflow };
  }
  const triggers = triggersOf(value);
  if (workflow === null) return { value, triggers, steps: roughSteps(value), findings, workflow };
  const steps = planWorkflow(workflow).steps.map(({ id, type, name, needs }, index) => ({
    index, id, type, name, needs,
  })); // prettier-ignore
  return { value, triggers, steps, findings, workflow };
}

function triggersOf(value: JsonObject): TriggerModel[] {
  const written = value["triggers"];
  return (Array.isArray(written) ? written : []).map((trigger, index) => {
    const parsed = triggerSchema.safeParse(trigger);
    const type = isObject(trigger) && typeof trigger["type"] === "string" ? trigger["type"] : "unknown";
    return { index, type, words: parsed.success ? triggerInWords(parsed.data) : type };
  });
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

/** What is chosen in the graph. */
export interface Chosen {
  part: "triggers" | "steps";
  index: number;
}

/** The graph's boxes are called by position: ids may be missing or doubled while a file is written. */
export function boxOf({ part, index }: Chosen): string {
  return `${part}.${index}`;
}

export function chosenOf(box: string): Chosen {
  const [part, index] = box.split(".");
  return { part: part === "triggers" ? part : "steps", index: Number(index) };
}

/** Arrows between steps, and from every trigger to where a run begins. */
export function edgesOf({
  triggers,
  steps,
}: Pick<WorkflowModel, "triggers" | "steps">): { from: string; to: string }[] {
  const boxes = new Map(steps.map((step) => [step.id, boxOf({ part: "steps", index: step.index })]));
  const starts = triggers.map(({ index }) => boxOf({ part: "triggers", index }));
  return steps.flatMap((step) => {
    const to = boxOf({ part: "steps", index: step.index });
    const froms = step.needs.flatMap((need) => boxes.get(need) ?? []).filter((from) => from !== to);
    return (froms.length === 0 ? starts : froms).map((from) => ({ from, to }));
  });
}

/** The first mistake in each trigger and step, for its box. */
export function problemsOfBoxes(findings: readonly Finding[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { problem, path } of findings) {
    const [part, index] = path ?? [];
    if (problem.severity !== "error" || typeof index !== "number") continue;
    if (part !== "triggers" && part !== "steps") continue;
    const box = boxOf({ part, index });
    if (!found.has(box)) found.set(box, problem.message);
  }
  return found;
}

/** The line, from 1, on which something is written; undefined in a text that cannot be read. */
export function lineAt(text: string, path: FieldPath): number | undefined {
  const read = readWorkflowSource(text);
  return read.ok ? read.source.lineOf(path) : undefined;
}

/**
 * What it means to drop a step on another box: it comes after that one; on a trigger, first. Null where it does so
 * already, `"circle"` where the other one waits for it.
 */
export function dropEdit(
  { value, steps }: Pick<WorkflowModel, "value" | "steps">,
  { step: index, on }: { step: number; on: Chosen },
): WorkflowEdit | "circle" | null {
  const after = on.part === "steps" ? steps[on.index] : undefined;
  const moved = steps[index];
  if (value === null || moved === undefined || after === moved) return null;
  if (isSequence(stepsOf(value))) {
    const to = after === undefined ? 0 : after.index < index ? after.index + 1 : after.index;
    return to === index ? null : { kind: "moveStep", index, to };
  }
  const needs = after === undefined ? [] : [after.id];
  if (sameJson(needs, moved.needs)) return null;
  return after !== undefined && waitsFor(steps, after, moved.id)
    ? "circle"
    : { kind: "setNeeds", index, needs };
}

/** Whether a step runs after another one, directly or by way of others. */
function waitsFor(steps: readonly StepModel[], step: StepModel, id: string): boolean {
  const seen = new Set<string>();
  const open = [...step.needs];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === id) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(steps.find((one) => one.id === next)?.needs ?? []));
  }
  return false;
}
