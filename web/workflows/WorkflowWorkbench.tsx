import {
  createEffect,
  createResource,
  createSignal,
  For,
  Match,
  on,
  onCleanup,
  Show,
  Switch,
} from "solid-js";
import { editWorkflow, type WorkflowEdit } from "../../shared/workflow/edit/editWorkflow.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
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
import { stepLines } from "./workflowGraph.ts";

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
  { id: "about", label: "About" },
  { id: "what-if", label: "What if" },
] as const;
type View = (typeof views)[number]["id"];

/** YAML at one side, graph or facts at the other; one at a time on a small screen. One undo history for all. */
export function WorkflowWorkbench(props: WorkflowWorkbenchProps) {
  const toasts = useToasts();
  const [view, setView] = createSignal<View>("graph");
  const [selected, setSelected] = createSignal<number | null>(null);
  const [module] = createResource(() => import("./workflowEditor.ts"));
  const names = createWorkflowNames(
    () => props.project.id,
    () => [props.path],
  );
  const readOnly = () => !mayWrite(props.project.role);
  let editor: WorkflowEditor | undefined;

  createCommands([
    {
      id: "workflow.save",
      title: "Save the workflow",
      section: "Workflow",
      keys: "Mod+S",
      run: () => props.onSave(),
    },
  ]);

  const edit = (wanted: WorkflowEdit) => {
    try {
      const { changes } = editWorkflow(props.draft.text(), wanted);
      editor?.apply(changes);
      setSelected((now) => selectionAfter(wanted, now));
    } catch (error) {
      toasts.fail("The step was not changed", error);
    }
  };
  const select = (index: number | null) => {
    setSelected(index);
    const line = index === null ? undefined : stepLines(props.draft.text())[index];
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
  // A step that is gone is not chosen any more.
  createEffect(
    on(
      () => props.draft.model().steps.length,
      (count) => setSelected((now) => (now !== null && now >= count ? null : now)),
    ),
  );

  return (
    <div class="flex min-h-0 flex-1 flex-col">
      <div
        class="flex shrink-0 border-b border-line bg-surface px-2 md:pl-[calc(50%+0.5rem)]"
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
          <Show when={props.draft.model().problems.length > 0}>
            <div
              class="max-h-40 shrink-0 overflow-y-auto border-t border-line bg-surface p-1"
              tabIndex={0}
              role="region"
              aria-label="What the linter found"
            >
              <ProblemList problems={props.draft.model().problems} onSelect={goTo} />
            </div>
          </Show>
        </section>
        <div
          class={`flex min-h-0 min-w-0 flex-1 basis-0 flex-col ${view() === "yaml" ? "max-md:hidden" : ""}`}
        >
          <Switch
            fallback={
              <WorkflowBuilder
                text={props.draft.text()}
                model={props.draft.model()}
                selected={selected()}
                readOnly={readOnly()}
                onSelect={select}
                onEdit={edit}
                onUndo={() => editor?.undo()}
                onRedo={() => editor?.redo()}
              />
            }
          >
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

/** The step that is chosen after an edit: the one that it was about. */
function selectionAfter(edit: WorkflowEdit, now: number | null): number | null {
  switch (edit.kind) {
    case "addStep":
      return edit.at;
    case "moveStep":
      return edit.to;
    case "duplicateStep":
      return edit.index + 1;
    case "removeStep":
      return now === null || now < edit.index ? now : now === edit.index ? null : now - 1;
    default:
      return now;
  }
}
