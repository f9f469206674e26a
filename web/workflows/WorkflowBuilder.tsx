import Plus from "lucide-solid/icons/plus";
import { createMemo, Show } from "solid-js";
import type { WorkflowEdit } from "../../shared/workflow/edit/editWorkflow.ts";
import { stepsOf } from "../../shared/workflow/edit/planEdit.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Graph } from "../ui/Graph.tsx";
import { Menu } from "../ui/Menu.tsx";
import { StepForm } from "./StepForm.tsx";
import { newStep, stepKinds } from "./stepFields.ts";
import { boxOf, edgesOf, problemsOfSteps, type WorkflowModel } from "./workflowGraph.ts";

export interface WorkflowBuilderProps {
  text: string;
  model: WorkflowModel;
  selected: number | null;
  readOnly: boolean;
  onSelect: (index: number | null) => void;
  onEdit: (edit: WorkflowEdit) => void;
  onUndo: () => void;
  onRedo: () => void;
}

/** The graph of a workflow, and the form of the step that is chosen in it. */
export function WorkflowBuilder(props: WorkflowBuilderProps) {
  const problems = createMemo(() => problemsOfSteps(props.text, props.model));
  const chosen = () => props.model.steps.find((step) => step.index === props.selected);
  const canEdit = () => !props.readOnly && props.model.value !== null;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    // In a field that is being typed into, it is the field's own undo.
    if (event.target instanceof HTMLElement && event.target.matches("input, textarea")) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) props.onRedo();
    else props.onUndo();
  };
  const add = (type: string) => {
    const at = (props.selected ?? props.model.steps.length - 1) + 1;
    const before = props.model.steps[at - 1];
    const step = newStep(type);
    props.onEdit({
      kind: "addStep",
      at,
      step: before === undefined ? step : { ...step, needs: [before.id] },
    });
  };
  return (
    <section class="flex h-full min-h-0 flex-col" aria-label="Builder" onKeyDown={onKeyDown}>
      <div class="relative flex min-h-0 flex-1 basis-0 flex-col">
        <Show
          when={props.model.steps.length > 0}
          fallback={<EmptyState title="No steps yet" text="Add one, or write it in the YAML." />}
        >
          <Graph
            label="Steps of the workflow"
            class="flex-1"
            nodes={props.model.steps.map((step) => ({
              id: boxOf(step.index),
              label: step.name,
              detail: `${step.id} · ${step.type}`,
              problem: problems().get(step.index),
            }))}
            edges={edgesOf(props.model.steps)}
            selected={props.selected === null ? null : boxOf(props.selected)}
            onSelect={(id) => props.onSelect(Number(id))}
            onRemove={canEdit() ? (id) => props.onEdit({ kind: "removeStep", index: Number(id) }) : undefined}
          />
        </Show>
        <Show when={canEdit()}>
          <div class="absolute top-2 left-2">
            <Menu
              label="Add a step"
              placement="bottom-start"
              triggerClass="hit inline-flex items-center gap-2 rounded-control border border-line-strong bg-surface px-3 text-sm font-medium hover:bg-hover [&_svg]:size-4"
              trigger={
                <>
                  <Plus aria-hidden="true" /> Step
                </>
              }
              items={stepKinds().map(({ type }) => ({ label: type, onSelect: () => add(type) }))}
            />
          </div>
        </Show>
        <Show when={props.model.value === null}>
          <p
            role="status"
            class="absolute inset-x-2 bottom-12 rounded-control bg-waiting-soft px-3 py-2 text-waiting"
          >
            The YAML cannot be read now. The graph shows it as it was.
          </p>
        </Show>
      </div>
      <Show when={chosen()}>
        {(step) => (
          <div class="min-h-0 flex-1 basis-0 overflow-y-auto border-t border-line bg-surface">
            <StepForm
              step={step()}
              value={stepsOf(props.model.value ?? {})[step().index] ?? {}}
              steps={props.model.steps}
              readOnly={!canEdit()}
              onEdit={props.onEdit}
            />
          </div>
        )}
      </Show>
    </section>
  );
}
