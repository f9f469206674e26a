import { topologicalOrder } from "./ancestry.ts";
import type { GraphNode } from "./ancestry.ts";
import { nameHint } from "./nearestName.ts";
import type { Problem } from "./problem.ts";
import type { WorkflowStep } from "./schema.ts";
import { maxProblems } from "./workflowSource.ts";
import type { WorkflowSource } from "./workflowSource.ts";

/** Step ids are unique, needs name steps, and nothing waits for itself. `nodes` are the steps with needs resolved. */
export function checkGraph(
  steps: readonly WorkflowStep[],
  nodes: readonly GraphNode[],
  source: WorkflowSource,
): Problem[] {
  const problems: Problem[] = [];
  const ids = new Map<string, number>();
  steps.forEach((step, index) => {
    const first = ids.get(step.step_id);
    if (first === undefined) ids.set(step.step_id, index);
    else problems.push(duplicateStep(step.step_id, { first, index, source }));
  });
  steps.forEach((step, index) => {
    (step.needs ?? []).forEach((need, position) => {
      if (ids.has(need) || problems.length >= maxProblems) return;
      const path = needPath(source.value, index, position);
      const known = [...ids.keys()].filter((id) => id !== step.step_id);
      problems.push(
        source.problem("unknown_step", `no step is called "${need}"`, { path, hint: nameHint(need, known) }),
      );
    });
  });
  return problems.length > 0 ? problems : checkCycles(steps, nodes, source);
}

function duplicateStep(
  id: string,
  { first, index, source }: { first: number; index: number; source: WorkflowSource },
): Problem {
  const path = ["steps", index, "step_id"];
  const message = `step ${index + 1} has the id "${id}", which step ${first + 1} has already`;
  return source.problem("duplicate_step", message, { path, hint: "give each step its own step_id" });
}

/** `needs: build` and `needs: [build]` are both allowed; the place differs. */
function needPath(value: unknown, step: number, position: number): (string | number)[] {
  const steps = (value as { steps?: { needs?: unknown }[] }).steps;
  const path = ["steps", step, "needs"];
  return position >= 0 && Array.isArray(steps?.[step]?.needs) ? [...path, position] : path;
}

/** Reports each cycle once, at the need that closes it, and every step that waits for one as unreachable. */
function checkCycles(
  steps: readonly WorkflowStep[],
  nodes: readonly GraphNode[],
  source: WorkflowSource,
): Problem[] {
  const reached = new Set(topologicalOrder(nodes));
  const left = nodes.filter((node) => !reached.has(node.id));
  if (left.length === 0) return [];
  const indexes = new Map(nodes.map((node, index) => [node.id, index]));
  const needsOf = new Map(left.map((node) => [node.id, node.needs.filter((id) => !reached.has(id))]));
  const problems: Problem[] = [];
  const inCycle = new Set<string>();
  for (const node of left) {
    const cycle = findCycle(node.id, needsOf, inCycle);
    if (cycle === undefined) continue;
    cycle.forEach((id) => inCycle.add(id));
    const index = indexes.get(cycle.at(-1) ?? "") ?? 0;
    const position = (steps[index]?.needs ?? []).indexOf(cycle[0] ?? "");
    const message = `steps wait for each other: ${[...cycle, cycle[0]].join(" needs ")}`;
    problems.push(source.problem("cycle", message, { path: needPath(source.value, index, position) }));
  }
  for (const { id } of left.filter((node) => !inCycle.has(node.id))) {
    const message = `step "${id}" can never start: it waits for steps that wait for each other`;
    problems.push(
      source.problem("unreachable_step", message, { path: ["steps", indexes.get(id) ?? 0, "needs"] }),
    );
  }
  return problems;
}

/** Walks back along needs from a step until one repeats; undefined when that only leads to a known cycle. */
function findCycle(
  start: string,
  needsOf: ReadonlyMap<string, string[]>,
  known: ReadonlySet<string>,
): string[] | undefined {
  const walked: string[] = [];
  const seen = new Map<string, number>();
  let at: string | undefined = start;
  while (at !== undefined && !known.has(at)) {
    const before = seen.get(at);
    if (before !== undefined) return walked.slice(before);
    seen.set(at, walked.length);
    walked.push(at);
    at = needsOf.get(at)?.find((id) => !known.has(id));
  }
  return undefined;
}
