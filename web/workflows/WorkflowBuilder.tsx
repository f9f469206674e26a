import Plus from "lucide-solid/icons/plus";
import { createMemo, onCleanup, Show } from "solid-js";
import { isObject, type Json } from "../../shared/workflow/edit/json.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Graph } from "../ui/Graph.tsx";
import { Menu } from "../ui/Menu.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { kindOf, kindsOf, newItem } from "./formFields.ts";
import { StepForm } from "./StepForm.tsx";
import { TriggerForm } from "./TriggerForm.tsx";
import type { WorkflowForm } from "./workflowForm.ts";
import {
  boxOf,
  chosenOf,
  dropEdit,
  edgesOf,
  problemsOfBoxes,
  type Chosen,
  type WorkflowModel,
} from "./workflowGraph.ts";

export interface WorkflowBuilderProps {
  form: WorkflowForm;
  model: WorkflowModel;
  chosen: Chosen | null;
  onChoose: (chosen: Chosen | null) => void;
  onRemove: (what: Chosen) => void;
  onUndo: () => void;
  onRedo: () => void;
}

/** The graph of a workflow, triggers first, and the form of what is chosen in it. */
export function WorkflowBuilder(props: WorkflowBuilderProps) {
  let root: HTMLElement | undefined;
  const toasts = useToasts();
  const problems = createMemo(() => problemsOfBoxes(props.model.findings));
  const canEdit = () => !props.form.readOnly();
  const step = () => (props.chosen?.part === "steps" ? props.model.steps[props.chosen.index] : undefined);
  const trigger = () =>
    props.chosen?.part === "triggers" ? props.model.triggers[props.chosen.index] : undefined;
  const nodes = () => [
    ...props.model.triggers.map(({ index, type, words }) => {
      const id = boxOf({ part: "triggers", index });
      return { id, label: words, detail: `starts it · ${type}`, problem: problems().get(id) };
    }),
    ...props.model.steps.map(({ index, name, id: stepId, type }) => {
      const id = boxOf({ part: "steps", index });
      return { id, label: name, detail: `${stepId} · ${type}`, problem: problems().get(id), movable: true };
    }),
  ];
  const focusGraph = () =>
    requestAnimationFrame(() =>
      root?.querySelector<HTMLElement>('[data-graph] li button[tabindex="0"]')?.focus(),
    );
  const close = () => {
    props.onChoose(null);
    focusGraph();
  };
  const remove = (what: Chosen) => {
    props.onRemove(what);
    // What had the focus is gone.
    focusGraph();
  };
  const move = (by: -1 | 1): boolean => {
    const chosen = step();
    if (chosen === undefined || !canEdit()) return false;
    const to = chosen.index + by;
    if (to >= 0 && to < props.model.steps.length)
      props.form.edit({ kind: "moveStep", index: chosen.index, to });
    return true;
  };
  const drop = (id: string, on: string) => {
    const dropped = dropEdit(props.model, { step: chosenOf(id).index, on: chosenOf(on) });
    if (dropped === "circle")
      toasts.show({ text: "It runs before that one already; they cannot both wait for each other." });
    else if (dropped !== null) props.form.edit(dropped);
  };
  const add = (part: Chosen["part"], type: string) => {
    if (part === "triggers") {
      const index = props.model.triggers.length;
      const value = namedTrigger(newItem(kindOf("triggers", type)), props.form);
      props.form.edit({ kind: "set", path: ["triggers", index], value });
      props.onChoose({ part, index });
    } else {
      const at = (step()?.index ?? props.model.steps.length - 1) + 1;
      const before = props.model.steps[at - 1];
      const made = newItem(kindOf("steps", type));
      props.form.edit({
        kind: "addStep",
        at,
        step: before === undefined ? made : { ...made, needs: [before.id] },
      });
    }
    focusForm();
  };
  /** On what a new item needs first; after the menu, which gives the focus back to its button. */
  const focusForm = () =>
    setTimeout(() => {
      const first = ["form [required]", "form [aria-haspopup]", "form button"]
        .map((selector) => root?.querySelector<HTMLElement>(selector))
        .find((element) => element instanceof HTMLElement);
      first?.focus();
      if (first instanceof HTMLInputElement || first instanceof HTMLTextAreaElement) first.select();
    });
  const onKeyDown = (event: KeyboardEvent) => {
    // In a field that is being typed into, keys are the field's own.
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea");
    // A list that floats over the form closes by itself; its keys come here too.
    const inside = event.target instanceof Node && root?.contains(event.target) === true;
    if (event.key === "Escape" && inside && props.chosen !== null) close();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || typing) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) props.onRedo();
    else props.onUndo();
  };
  /** Before the graph, whose arrow keys go from box to box. */
  const onMoveKey = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    if (!move(event.key === "ArrowUp" ? -1 : 1)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section
      ref={(element) => {
        root = element;
        element.addEventListener("keydown", onMoveKey, { capture: true });
        onCleanup(() => element.removeEventListener("keydown", onMoveKey, { capture: true }));
      }}
      class="flex h-full min-h-0 flex-col"
      aria-label="Builder"
      onKeyDown={onKeyDown}
    >
      <div
        class={`relative flex min-h-0 flex-col ${props.chosen === null ? "flex-1" : "flex-[2_2_0] md:flex-1"}`}
      >
        <Show when={canEdit()}>
          <div class="flex shrink-0 gap-2 border-b border-line bg-surface p-2">
            <AddMenu what="step" text="Step" kinds={kindsOf("steps")} onAdd={(type) => add("steps", type)} />
            <AddMenu
              what="trigger"
              text="Trigger"
              kinds={kindsOf("triggers")}
              onAdd={(type) => add("triggers", type)}
            />
          </div>
        </Show>
        <Show
          when={nodes().length > 0}
          fallback={
            props.model.value === null ? (
              <EmptyState title="No graph" text="It is drawn once the YAML can be read." />
            ) : (
              <EmptyState title="No steps yet" text="Add one, or write it in the YAML." />
            )
          }
        >
          <div class="flex min-h-0 flex-1 flex-col" data-graph>
            <Graph
              label="Triggers and steps of the workflow"
              class="flex-1"
              nodes={nodes()}
              edges={edgesOf(props.model)}
              selected={props.chosen === null ? null : boxOf(props.chosen)}
              onSelect={(id) => props.onChoose(chosenOf(id))}
              onRemove={canEdit() ? (id) => remove(chosenOf(id)) : undefined}
              onDrop={canEdit() ? drop : undefined}
            />
          </div>
        </Show>
        <Show when={props.model.value === null && nodes().length > 0}>
          <p
            role="status"
            class="absolute inset-x-2 bottom-12 rounded-control bg-waiting-soft px-3 py-2 text-waiting"
          >
            The YAML cannot be read now. The graph shows it as it was.
          </p>
        </Show>
      </div>
      <Show when={step() ?? trigger()}>
        <div class="min-h-0 flex-[3_3_0] overflow-y-auto border-t border-line bg-surface">
          <Show when={step()}>
            {(shown) => (
              <StepForm
                form={props.form}
                step={shown()}
                steps={props.model.steps}
                onRemove={() => remove({ part: "steps", index: shown().index })}
                onClose={close}
              />
            )}
          </Show>
          <Show when={trigger()}>
            {(shown) => (
              <TriggerForm
                form={props.form}
                trigger={shown()}
                onRemove={() => remove({ part: "triggers", index: shown().index })}
                onClose={close}
              />
            )}
          </Show>
        </div>
      </Show>
    </section>
  );
}

/** Names of the project in place of the samples, where there are some. */
function namedTrigger(made: { [key: string]: Json }, form: WorkflowForm): { [key: string]: Json } {
  const { secrets, workflows } = form.known();
  const [secret] = secrets;
  const [workflow] = workflows.map((path) => path.split("/").at(-1) ?? path);
  const named = { ...made };
  if (Object.hasOwn(named, "secret_ref") && secret !== undefined) named["secret_ref"] = secret;
  if (named["type"] === "workflow" && workflow !== undefined) named["workflow"] = workflow;
  const { name } = made;
  const triggers = form.value()["triggers"];
  const taken = (Array.isArray(triggers) ? triggers : []).map((one) =>
    isObject(one) ? one["name"] : undefined,
  );
  if (typeof name === "string")
    for (let number = 2; taken.includes(named["name"]); number += 1) named["name"] = `${name}-${number}`;
  return named;
}

const triggerWords: Record<string, string> = {
  manual: "By hand",
  cron: "Schedule",
  repo_event: "Repository event",
  webhook: "Webhook",
  workflow: "After another workflow",
};

function AddMenu(props: {
  what: string;
  text: string;
  kinds: readonly { type: string }[];
  onAdd: (type: string) => void;
}) {
  return (
    <Menu
      label={`Add a ${props.what}`}
      placement="bottom-start"
      triggerClass="hit inline-flex items-center gap-2 rounded-control border border-line-strong bg-surface px-3 text-sm font-medium hover:bg-hover [&_svg]:size-4"
      trigger={
        <>
          <Plus aria-hidden="true" /> {props.text}
        </>
      }
      items={props.kinds.map(({ type }) => ({
        label: triggerWords[type] ?? type,
        onSelect: () => props.onAdd(type),
      }))}
    />
  );
}
