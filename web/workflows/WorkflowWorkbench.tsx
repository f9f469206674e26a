import { createQuery } from "@tanstack/solid-query";
import { createEffect, createResource, createSignal, For, Match, onCleanup, Show, Switch } from "solid-js";
import { editWorkflow, type WorkflowEdit } from "../../shared/workflow/edit/editWorkflow.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import { useApi } from "../api.ts";
import { createWorkflowNames } from "../editor/createWorkflowNames.ts";
import { mayWrite, type Project } from "../project.ts";
import { WhatIf } from "../policy/WhatIf.tsx";
import { createCommands } from "../ui/commands.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { WorkflowDraft } from "./createWorkflowDraft.ts";
import { ProblemList } from "./ProblemList.tsx";
import { WorkflowBuilder } from "./WorkflowBuilder.tsx";
import type { WorkflowEditor } from "./workflowEditor.ts";
import { WorkflowFacts } from "./WorkflowFacts.tsx";
import { SettingsForm } from "./SettingsForm.tsx";
import type { WorkflowForm } from "./workflowForm.ts";
import { lineAt, type Chosen } from "./workflowGraph.ts";

export interface WorkflowWorkbenchProps {
  draft: WorkflowDraft;
  project: Project;
  base: string;
  path: string;
  /** In no commit yet, so that it has no runs either. */
  isNew: boolean;
  onSave: () => void;
}

const views = [
  { id: "yaml", label: "YAML" },
  { id: "graph", label: "Graph" },
  { id: "settings", label: "Settings" },
  { id: "about", label: "About" },
  { id: "what-if", label: "What if" },
] as const;
type View = (typeof views)[number]["id"];

/** YAML at one side, graph or facts at the other; one at a time on a small screen. One undo history for all. */
export function WorkflowWorkbench(props: WorkflowWorkbenchProps) {
  const toasts = useToasts();
  const [view, setView] = createSignal<View>("graph");
  const [chosen, setChosen] = createSignal<Chosen | null>(null);
  /** The toast that offers to take the last removal back, and the text that it left. */
  const [offer, setOffer] = createSignal<{ text: string; close: () => void } | null>(null);
  const [module] = createResource(() => import("./workflowEditor.ts"));
  const api = useApi();
  const files = createQuery(() => ({
    queryKey: ["workflows", props.project.id],
    queryFn: () => api.workflows.list.query({ projectId: props.project.id }),
  }));
  // Asked only once it is there: a name that is offered is no reason to put a page away.
  const names = createWorkflowNames(
    () => props.project.id,
    () => [...new Set([...(files.isSuccess ? files.data : []).map((file) => file.path), props.path])],
  );
  const readOnly = () => !mayWrite(props.project.role);
  let editor: WorkflowEditor | undefined;
  let root: HTMLElement | undefined;

  createCommands([
    {
      id: "workflow.save",
      title: "Save the workflow",
      section: "Workflow",
      keys: "Mod+S",
      run: () => {
        // What is typed into a field is taken when the field is left.
        const focused = document.activeElement;
        if (focused instanceof HTMLElement && root?.contains(focused) === true) focused.blur();
        props.onSave();
      },
    },
  ]);

  const edit = (wanted: WorkflowEdit): boolean => {
    try {
      const { changes } = editWorkflow(props.draft.text(), wanted);
      editor?.apply(changes);
      setChosen((now) => chosenAfter(wanted, now));
      return true;
    } catch (error) {
      toasts.fail("The file was not changed", error);
      return false;
    }
  };
  const problems = () => props.draft.model().findings.map((one) => one.problem);
  const form: WorkflowForm = {
    value: () => props.draft.model().value ?? {},
    findings: () => props.draft.model().findings,
    known: names,
    stepNames: () => props.draft.model().steps.map((step) => step.name),
    readOnly: () => readOnly() || props.draft.model().value === null,
    edit,
  };
  const remove = (what: Chosen) => {
    const { triggers, steps } = props.draft.model();
    const name = what.part === "steps" ? steps[what.index]?.name : triggers[what.index]?.words;
    const done = edit(
      what.part === "steps"
        ? { kind: "removeStep", index: what.index }
        : { kind: "remove", path: ["triggers", what.index] },
    );
    if (!done) return;
    offer()?.close();
    const action = { label: "Undo", run: () => editor?.undo() };
    setOffer({
      text: props.draft.text(),
      close: toasts.show({ text: `Removed: ${name ?? "it"}`, action }),
    });
  };
  // Offered as long as it is the last edit: after another one, Undo would take that one back.
  createEffect(() => {
    const offered = offer();
    if (offered === null || props.draft.text() === offered.text) return;
    offered.close();
    setOffer(null);
  });
  const choose = (next: Chosen | null) => {
    setChosen(next);
    const line = next === null ? undefined : lineAt(props.draft.text(), [next.part, next.index]);
    if (line !== undefined) editor?.reveal({ line });
  };
  const goTo = (problem: Problem) => {
    if (isNarrow()) setView("yaml");
    editor?.reveal({ line: problem.line, column: problem.column, focus: true });
  };
  const start = (parent: HTMLElement) => {
    const loaded = module();
    if (loaded === undefined) return;
    const made = loaded.makeWorkflowEditor(parent, {
      path: props.path,
      readOnly: readOnly(),
      text: props.draft.text(),
      workflow: { known: names },
      onText: (text) => props.draft.edited(text),
    });
    editor = made;
    props.draft.onReplace((text) => made.replace(text));
    onCleanup(() => made.destroy());
  };
  // What is gone is not chosen any more.
  createEffect(() => {
    const { triggers, steps } = props.draft.model();
    const count = { triggers: triggers.length, steps: steps.length };
    setChosen((now) => (now !== null && now.index >= count[now.part] ? null : now));
  });

  return (
    <div ref={(element) => (root = element)} class="flex min-h-0 flex-1 flex-col">
      <div
        class="flex shrink-0 overflow-x-auto border-b border-line bg-surface px-2 md:pl-[calc(50%+0.5rem)]"
        role="group"
        aria-label="Views of the workflow"
      >
        <For each={views}>
          {(each) => (
            <button
              type="button"
              aria-pressed={view() === each.id}
              onClick={() => setView(each.id)}
              class={`hit -mb-px border-b-2 border-transparent px-3 font-medium text-muted hover:text-text aria-pressed:border-accent aria-pressed:text-text ${each.id === "yaml" ? "md:hidden" : ""}`}
            >
              {each.label}
            </button>
          )}
        </For>
      </div>
      <div class="flex min-h-0 flex-1">
        <section
          aria-label="YAML"
          class={`flex min-h-0 min-w-0 flex-1 basis-0 flex-col border-line md:border-r ${view() === "yaml" ? "" : "max-md:hidden"}`}
        >
          <Show
            when={module()}
            fallback={
              <p class="flex flex-1 items-center justify-center text-muted">
                <Spinner />
              </p>
            }
          >
            <div ref={start} class="min-h-0 flex-1" />
          </Show>
          <Show when={problems().length > 0}>
            <div
              class="max-h-40 shrink-0 overflow-y-auto border-t border-line bg-surface p-1"
              tabIndex={0}
              role="region"
              aria-label="What the linter found"
            >
              <ProblemList
                problems={problems()}
                onSelect={goTo}
                onCorrect={
                  readOnly() ? undefined : (problem, correction) => editor?.correct(problem, correction)
                }
              />
            </div>
          </Show>
        </section>
        <div
          class={`flex min-h-0 min-w-0 flex-1 basis-0 flex-col ${view() === "yaml" ? "max-md:hidden" : ""}`}
        >
          <Switch
            fallback={
              <WorkflowBuilder
                form={form}
                model={props.draft.model()}
                chosen={chosen()}
                onChoose={choose}
                onRemove={remove}
                onUndo={() => editor?.undo()}
                onRedo={() => editor?.redo()}
              />
            }
          >
            <Match when={view() === "settings"}>
              <div
                class="min-h-0 flex-1 overflow-y-auto"
                tabIndex={0}
                role="region"
                aria-label="Settings of the workflow"
              >
                <SettingsForm form={form} />
              </div>
            </Match>
            <Match when={view() === "about"}>
              <div
                class="min-h-0 flex-1 overflow-y-auto"
                tabIndex={0}
                role="region"
                aria-label="About the workflow"
              >
                <WorkflowFacts
                  workflow={props.draft.model().workflow}
                  project={props.project}
                  base={props.base}
                  path={props.path}
                />
              </div>
            </Match>
            <Match when={view() === "what-if"}>
              <div
                class="min-h-0 flex-1 overflow-y-auto p-4"
                tabIndex={0}
                role="region"
                aria-label="What if the policies were these"
              >
                <Show
                  when={!props.isNew}
                  fallback={
                    <EmptyState
                      title="Nothing to try yet"
                      text="Once this workflow has run, an edit of its policies can be tried here on what its runs did."
                    />
                  }
                >
                  <WhatIf
                    projectId={props.project.id}
                    workflowPath={props.path}
                    yaml={props.draft.text()}
                    base={props.base}
                  />
                </Show>
              </div>
            </Match>
          </Switch>
        </div>
      </div>
    </div>
  );
}

function isNarrow(): boolean {
  return globalThis.matchMedia("(max-width: 55.99rem)").matches;
}

/** What is chosen after an edit: what it was about. */
function chosenAfter(edit: WorkflowEdit, now: Chosen | null): Chosen | null {
  const step = (index: number): Chosen => ({ part: "steps", index });
  switch (edit.kind) {
    case "addStep":
      return step(edit.at);
    case "moveStep":
      return step(edit.to);
    case "duplicateStep":
      return step(edit.index + 1);
    case "removeStep":
      return without(now, { part: "steps", index: edit.index });
    case "remove": {
      const [part, index, ...inside] = edit.path;
      return part === "triggers" && typeof index === "number" && inside.length === 0
        ? without(now, { part, index })
        : now;
    }
    default:
      return now;
  }
}

function without(now: Chosen | null, gone: Chosen): Chosen | null {
  if (now?.part !== gone.part || now.index < gone.index) return now;
  return now.index === gone.index ? null : { ...now, index: now.index - 1 };
}
