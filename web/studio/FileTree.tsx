import ChevronRight from "lucide-solid/icons/chevron-right";
import FilePlus from "lucide-solid/icons/file-plus";
import Pencil from "lucide-solid/icons/pencil";
import Trash from "lucide-solid/icons/trash-2";
import { createMemo, createSignal, For, Show } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { Studio } from "./createStudio.ts";
import { pathProblem, treeRows, type TreeRow } from "./fileTree.ts";

const letters = { added: "A", modified: "M", deleted: "D" } as const;

/** The project's files: open, create, rename, move (drag, or a new path), delete with undo. Arrow keys walk it. */
export function FileTree(props: { studio: Studio; readOnly: boolean }) {
  const toasts = useToasts();
  const [closed, setClosed] = createSignal<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = createSignal<string>();
  const [naming, setNaming] = createSignal<{ path: string | null; value: string; problem?: string }>();
  const rows = createMemo(() => treeRows(props.studio.paths(), (folder) => !closed().has(folder)));
  let list: HTMLUListElement | undefined;

  const toggle = (folder: string, open = closed().has(folder)) => {
    const next = new Set(closed());
    if (open) next.delete(folder);
    else next.add(folder);
    setClosed(next);
  };
  const act = (work: () => void) => {
    try {
      work();
    } catch (error) {
      toasts.show({ text: toCoderError(error).message, tone: "failed" });
    }
  };
  const remove = (path: string) =>
    act(() => {
      const removed = props.studio.session.remove(path);
      toasts.show({ text: `Deleted ${path}.`, action: { label: "Undo", run: () => removed.undo() } });
    });
  const move = (from: string, to: string) =>
    act(() => {
      if (from === to) return;
      const moved = props.studio.session.rename(from, to);
      toasts.show({ text: `Moved ${from} to ${to}.`, action: { label: "Undo", run: () => moved.undo() } });
    });
  const submitName = (event: Event) => {
    event.preventDefault();
    const wanted = naming();
    if (wanted === undefined) return;
    const problem = pathProblem(wanted.value);
    if (problem !== undefined) return setNaming({ ...wanted, problem });
    setNaming(undefined);
    if (wanted.path !== null) return move(wanted.path, wanted.value);
    act(() => {
      props.studio.session.create(wanted.value);
      props.studio.openFile(wanted.value);
    });
  };
  const focusRow = (index: number) => {
    const row = rows()[Math.max(0, Math.min(index, rows().length - 1))];
    if (row === undefined) return;
    setFocused(row.path);
    list?.querySelector<HTMLElement>(`[data-path="${CSS.escape(row.path)}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, row: TreeRow) => {
    const index = rows().findIndex((each) => each.path === row.path);
    const keys: Record<string, () => void> = {
      ArrowDown: () => focusRow(index + 1),
      ArrowUp: () => focusRow(index - 1),
      Home: () => focusRow(0),
      End: () => focusRow(rows().length - 1),
      ArrowRight: () =>
        row.kind === "folder" && closed().has(row.path) ? toggle(row.path, true) : focusRow(index + 1),
      ArrowLeft: () => {
        if (row.kind === "folder" && !closed().has(row.path)) return toggle(row.path, false);
        focusRow(
          rows().findIndex((each) => row.path.startsWith(`${each.path}/`) && each.depth === row.depth - 1),
        );
      },
      ...(props.readOnly
        ? {}
        : { F2: () => setNaming({ path: row.path, value: row.path }), Delete: () => remove(row.path) }),
    };
    const action = keys[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const dropInto = (event: DragEvent, folder: string) => {
    event.preventDefault();
    event.stopPropagation();
    const from = event.dataTransfer?.getData("text/x-coder-path") ?? "";
    if (from !== "" && !props.readOnly)
      move(from, `${folder === "" ? "" : `${folder}/`}${from.split("/").at(-1)}`);
  };

  return (
    <section class="flex h-full min-h-0 flex-col" aria-label="Files">
      <header class="flex h-9 shrink-0 items-center justify-between border-b border-line pr-1 pl-3">
        <h2 class="text-xs font-medium text-muted">Files</h2>
        <Show when={!props.readOnly}>
          <IconButton
            label="New file"
            icon={<FilePlus />}
            onClick={() => setNaming({ path: null, value: "" })}
          />
        </Show>
      </header>
      <Show when={naming()}>
        {(wanted) => (
          <form onSubmit={submitName} class="border-b border-line p-2">
            <input
              ref={(element) => queueMicrotask(() => element.select())}
              aria-label={wanted().path === null ? "Path of the new file" : `New path of ${wanted().path}`}
              aria-invalid={wanted().problem !== undefined}
              value={wanted().value}
              placeholder="src/page.ts"
              onInput={(event) => setNaming({ path: wanted().path, value: event.currentTarget.value })}
              onKeyDown={(event) => event.key === "Escape" && setNaming(undefined)}
              onBlur={() => setNaming(undefined)}
              class="hit w-full rounded-control border border-line-strong bg-surface px-2 font-mono text-xs outline-none focus:border-focus"
            />
            <Show when={wanted().problem}>{(text) => <p class="pt-1 text-xs text-failed">{text()}</p>}</Show>
          </form>
        )}
      </Show>
      <Show
        when={rows().length > 0}
        fallback={
          <Show
            when={props.studio.state().kind !== "loading"}
            fallback={
              <p class="flex items-center gap-2 p-3 text-xs text-muted">
                <Spinner /> Reading the files
              </p>
            }
          >
            <EmptyState title="No files yet" text="Make the first one, or push a repository." />
          </Show>
        }
      >
        <ul
          ref={(element) => (list = element)}
          role="tree"
          aria-label="Project files"
          class="min-h-0 flex-1 overflow-auto py-1"
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => dropInto(event, "")}
        >
          <For each={rows()}>
            {(row, index) => (
              <li
                role="treeitem"
                data-path={row.path}
                aria-level={row.depth + 1}
                aria-expanded={row.kind === "folder" ? !closed().has(row.path) : undefined}
                aria-selected={props.studio.active() === row.path}
                aria-label={row.name}
                tabIndex={
                  (focused() ?? rows()[0]?.path) === row.path || (focused() === undefined && index() === 0)
                    ? 0
                    : -1
                }
                draggable={!props.readOnly}
                onFocus={() => setFocused(row.path)}
                onDragStart={(event) => event.dataTransfer?.setData("text/x-coder-path", row.path)}
                onDrop={(event) =>
                  dropInto(
                    event,
                    row.kind === "folder" ? row.path : row.path.split("/").slice(0, -1).join("/"),
                  )
                }
                onClick={() => (row.kind === "folder" ? toggle(row.path) : props.studio.openFile(row.path))}
                onKeyDown={(event) => {
                  if (event.target !== event.currentTarget) return;
                  if (event.key === "Enter" || event.key === " ") {
                    event.preventDefault();
                    event.currentTarget.click();
                  } else onKeyDown(event, row);
                }}
                class="group flex h-7 cursor-pointer items-center gap-1 pointer-coarse:h-11 pr-1 text-sm -outline-offset-2 select-none hover:bg-hover aria-selected:bg-accent-soft"
                style={{ "padding-left": `${8 + row.depth * 14}px` }}
              >
                <Show when={row.kind === "folder"} fallback={<span class="w-4 shrink-0" />}>
                  <ChevronRight
                    class={`size-4 shrink-0 text-muted ${closed().has(row.path) ? "" : "rotate-90"}`}
                    aria-hidden="true"
                  />
                </Show>
                <span class="min-w-0 flex-1 truncate">{row.name}</span>
                <Show when={props.studio.changes().get(row.path)}>
                  {(kind) => (
                    <span class="w-4 shrink-0 text-center font-mono text-xs text-waiting" title={kind()}>
                      {letters[kind()]}
                    </span>
                  )}
                </Show>
                <Show when={!props.readOnly}>
                  <span class="hidden shrink-0 group-focus-within:flex group-hover:flex [&_button]:size-6">
                    <IconButton
                      label={`Rename or move ${row.path}`}
                      tabIndex={-1}
                      icon={<Pencil />}
                      onClick={(event: MouseEvent) => {
                        event.stopPropagation();
                        setNaming({ path: row.path, value: row.path });
                      }}
                    />
                    <IconButton
                      label={`Delete ${row.path}`}
                      tabIndex={-1}
                      icon={<Trash />}
                      onClick={(event: MouseEvent) => {
                        event.stopPropagation();
                        remove(row.path);
                      }}
                    />
                  </span>
                </Show>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}
