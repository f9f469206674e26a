import X from "lucide-solid/icons/x";
import { createEffect, createMemo, createResource, createSignal, For, on, onCleanup, Show } from "solid-js";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import type { Studio } from "./createStudio.ts";
import { createWorkflowNames } from "../editor/createWorkflowNames.ts";
import type { CodeEditor, makeCodeEditor } from "./codeEditor.ts";
import { contentType } from "./share.ts";
import { textOf } from "./textOf.ts";

/** Tabs of open files over one CodeMirror. */
export function EditorPane(props: { studio: Studio; readOnly: boolean }) {
  const [module] = createResource(() => import("./codeEditor.ts"));
  const changed = () => {
    const path = props.studio.active();
    return path !== undefined && props.studio.changes().get(path) === "modified";
  };
  return (
    <section class="flex h-full min-h-0 flex-col bg-surface" aria-label="Editor">
      <div class="flex h-9 shrink-0 items-stretch border-b border-line">
        <ul aria-label="Open files" class="flex min-w-0 flex-1 overflow-x-auto">
          <For each={props.studio.open()}>{(path) => <FileTab studio={props.studio} path={path} />}</For>
        </ul>
        <Show when={changed()}>
          <button
            type="button"
            aria-pressed={props.studio.showsDifference()}
            onClick={() => props.studio.setShowsDifference(!props.studio.showsDifference())}
            class="shrink-0 px-3 text-xs text-muted hover:text-text aria-pressed:text-accent-text"
          >
            Difference
          </button>
        </Show>
      </div>
      <Show
        when={props.studio.active()}
        fallback={
          <Show when={props.studio.state().kind !== "loading"}>
            <EmptyState title="No file is open" text="Choose one in the tree, or press Ctrl P." />
          </Show>
        }
      >
        <Show
          when={module()}
          fallback={
            <div class="flex flex-1 items-center justify-center text-muted">
              <Spinner />
            </div>
          }
        >
          {(loaded) => (
            <div class="relative min-h-0 flex-1">
              <Code studio={props.studio} make={loaded().makeCodeEditor} readOnly={props.readOnly} />
              <Show
                when={props.studio.showsDifference() && changed() ? props.studio.active() : undefined}
                keyed
              >
                {(path) => <Difference studio={props.studio} path={path} show={loaded().showDiff} />}
              </Show>
            </div>
          )}
        </Show>
      </Show>
    </section>
  );
}

function FileTab(props: { studio: Studio; path: string }) {
  const active = () => props.studio.active() === props.path;
  return (
    <li
      class={`group flex shrink-0 items-center border-r border-line pr-1 ${active() ? "bg-surface" : "bg-bg text-muted"}`}
      onAuxClick={(event) => event.button === 1 && props.studio.closeFile(props.path)}
    >
      <button
        type="button"
        aria-current={active() ? "true" : undefined}
        title={props.path}
        onClick={() => props.studio.openFile(props.path)}
        class="h-full max-w-48 truncate pr-1 pl-3 text-sm -outline-offset-2"
      >
        {props.path.split("/").at(-1)}
        <Show when={props.studio.changes().has(props.path)}>
          <span class="pl-1 text-waiting" title="Not committed">
            ●
          </span>
        </Show>
      </button>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Close ${props.path}`}
        onClick={() => props.studio.closeFile(props.path)}
        class="flex size-6 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-text"
      >
        <X class="size-3.5" aria-hidden="true" />
      </button>
    </li>
  );
}

function Code(props: { studio: Studio; readOnly: boolean; make: typeof makeCodeEditor }) {
  const names = createWorkflowNames(() => props.studio.project.id, props.studio.paths);
  let editor: CodeEditor | undefined;
  let known = new Set<string>();
  const [binary, setBinary] = createSignal<string>();
  const start = (parent: HTMLElement) => {
    const made = props.make(parent, (path, text) => props.studio.edit(path, text), { known: names });
    editor = made;
    onCleanup(() => made.destroy());
    createEffect(
      on(props.studio.active, (path) => {
        if (path === undefined) return;
        const text = textOf(props.studio.session.copy.read(path) ?? new Uint8Array());
        setBinary(text === null ? path : undefined);
        if (text !== null) made.show({ path, text, readOnly: props.readOnly });
      }),
    );
    createEffect(() => {
      const open = new Set(props.studio.open());
      for (const path of known) if (!open.has(path)) made.forget(path);
      known = open;
      for (const path of open) {
        props.studio.revision(path);
        const text = textOf(props.studio.session.copy.read(path) ?? new Uint8Array());
        if (text !== null) made.replace(path, text);
      }
    });
    createEffect(() => {
      const target = props.studio.goTo();
      if (target === undefined || target.path !== props.studio.active()) return;
      queueMicrotask(() => {
        editor?.goTo(target);
        props.studio.wentThere();
      });
    });
  };
  return (
    <div class="h-full">
      <div ref={start} class={`h-full ${binary() === undefined ? "" : "invisible"}`} />
      <Show when={binary()}>
        {(path) => (
          <div class="absolute inset-0 overflow-auto bg-surface">
            <Show when={contentType(path()).startsWith("image/")}>
              <Picture studio={props.studio} path={path()} />
            </Show>
            <EmptyState
              title="Not a text file"
              text={`${path()} has ${props.studio.session.copy.read(path())?.length ?? 0} bytes and is kept as it is.`}
            />
          </div>
        )}
      </Show>
    </div>
  );
}

function Difference(props: {
  studio: Studio;
  path: string;
  show: (parent: HTMLElement, file: { path: string; before: string; after: string }) => () => void;
}) {
  const start = (parent: HTMLElement) => {
    const { copy } = props.studio.session;
    const before = textOf(copy.base(props.path) ?? new Uint8Array()) ?? "";
    const after = textOf(copy.read(props.path) ?? new Uint8Array()) ?? "";
    queueMicrotask(() => onStop(props.show(parent, { path: props.path, before, after })));
  };
  let stop: (() => void) | undefined;
  const onStop = (next: () => void) => (stop = next);
  onCleanup(() => stop?.());
  return (
    <div
      ref={start}
      class="absolute inset-0 overflow-auto bg-surface [&_.cm-mergeView]:min-h-full"
      role="region"
      aria-label={`Difference of ${props.path}`}
      tabIndex={0}
    />
  );
}

function Picture(props: { studio: Studio; path: string }) {
  const address = createMemo(() => {
    props.studio.revision(props.path);
    const bytes = props.studio.session.copy.read(props.path) ?? new Uint8Array();
    const made = URL.createObjectURL(new Blob([bytes.slice()], { type: contentType(props.path) }));
    onCleanup(() => URL.revokeObjectURL(made));
    return made;
  });
  return (
    <div class="flex justify-center p-6">
      <img src={address()} alt={props.path} class="max-h-96 max-w-full border border-line bg-sunken" />
    </div>
  );
}
