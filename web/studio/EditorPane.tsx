import X from "lucide-solid/icons/x";
import { createEffect, createResource, createSignal, For, on, onCleanup, Show } from "solid-js";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import type { Studio } from "./createStudio.ts";
import type { CodeEditor } from "./codeEditor.ts";

const maxEditableBytes = 2_000_000;

/** Bytes as text, or null for what an editor of text would damage. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.length > maxEditableBytes || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: a picture or an old encoding; shown as such by the caller.
    return null;
  }
}

/** Tabs of open files over one CodeMirror. */
export function EditorPane(props: { studio: Studio; readOnly: boolean }) {
  const [module] = createResource(() => import("./codeEditor.ts"));
  const [showsDiff, setShowsDiff] = createSignal(false);
  const changed = () => {
    const path = props.studio.active();
    return path !== undefined && props.studio.changes().get(path) === "modified";
  };
  return (
    <section class="flex h-full min-h-0 flex-col bg-surface" aria-label="Editor">
      <div class="flex h-9 shrink-0 items-stretch border-b border-line">
        <div role="tablist" aria-label="Open files" class="flex min-w-0 flex-1 overflow-x-auto">
          <For each={props.studio.open()}>{(path) => <FileTab studio={props.studio} path={path} />}</For>
        </div>
        <Show when={changed()}>
          <button
            type="button"
            aria-pressed={showsDiff()}
            onClick={() => setShowsDiff(!showsDiff())}
            class="shrink-0 px-3 text-xs text-muted hover:text-text aria-pressed:text-accent-text"
          >
            Difference
          </button>
        </Show>
      </div>
      <Show
        when={props.studio.active()}
        fallback={<EmptyState title="No file is open" text="Choose one in the tree, or press Ctrl P." />}
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
            <Show
              when={showsDiff() && changed() ? props.studio.active() : undefined}
              keyed
              fallback={
                <Code studio={props.studio} make={loaded().makeCodeEditor} readOnly={props.readOnly} />
              }
            >
              {(path) => <Difference studio={props.studio} path={path} show={loaded().showDiff} />}
            </Show>
          )}
        </Show>
      </Show>
    </section>
  );
}

function FileTab(props: { studio: Studio; path: string }) {
  const active = () => props.studio.active() === props.path;
  return (
    <div
      class={`group flex shrink-0 items-center border-r border-line pr-1 ${active() ? "bg-surface" : "bg-bg text-muted"}`}
      onAuxClick={(event) => event.button === 1 && props.studio.closeFile(props.path)}
    >
      <button
        type="button"
        role="tab"
        aria-selected={active()}
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
    </div>
  );
}

function Code(props: {
  studio: Studio;
  readOnly: boolean;
  make: (parent: HTMLElement, onEdit: (path: string, text: string) => void) => CodeEditor;
}) {
  let editor: CodeEditor | undefined;
  let known = new Set<string>();
  const [binary, setBinary] = createSignal<string>();
  const start = (parent: HTMLElement) => {
    const made = props.make(parent, (path, text) => props.studio.edit(path, text));
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
      if (target !== undefined && target.path === props.studio.active())
        queueMicrotask(() => editor?.goToLine(target.line));
    });
  };
  return (
    <div class="relative min-h-0 flex-1">
      <div ref={start} class={`h-full ${binary() === undefined ? "" : "invisible"}`} />
      <Show when={binary()}>
        {(path) => (
          <div class="absolute inset-0 overflow-auto bg-surface">
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
      class="min-h-0 flex-1 overflow-auto"
      role="region"
      aria-label={`Difference of ${props.path}`}
      tabIndex={0}
    />
  );
}
