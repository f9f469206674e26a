import { createMemo } from "solid-js";
import type { StepView } from "../../shared/run/reduceRun.ts";
import { formatDuration } from "../ui/formatTime.ts";
import { Graph } from "../ui/Graph.tsx";

/** What a box says below the step's name: its kind, how often it was tried, how long it took. */
function detailOf(step: StepView): string {
  const attempts = step.attempt > 1 ? `×${step.attempt}` : "";
  const lasted = step.durationMs === null ? "" : formatDuration(step.durationMs);
  return [step.type, attempts, lasted].filter(Boolean).join(" · ");
}

/** The steps of a run as a graph by what each needs. */
export function RunGraph(props: {
  steps: readonly StepView[];
  selected: string | null;
  onSelect: (stepId: string) => void;
}) {
  const edges = createMemo(() =>
    props.steps.flatMap((step) => step.needs.map((need) => ({ from: need, to: step.id }))),
  );
  return (
    <Graph
      label="Steps of the run"
      class="flex-1"
      nodes={props.steps.map((step) => ({
        id: step.id,
        label: step.name,
        status: step.status,
        detail: detailOf(step),
        problem: step.failure?.message,
      }))}
      edges={edges()}
      selected={props.selected}
      onSelect={(id) => props.onSelect(id)}
    />
  );
}
