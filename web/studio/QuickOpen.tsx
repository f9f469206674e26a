import { Dialog as Kobalte } from "@kobalte/core/dialog";
import Search from "lucide-solid/icons/search";
import { createEffect, createMemo, createSignal, createUniqueId, For, on } from "solid-js";
import type { Studio } from "./createStudio.ts";
import { rankPaths } from "./rankPaths.ts";

/** A file by a few letters of its path; `:12` after them goes to that line. */
export function QuickOpen(props: { studio: Studio; open: boolean; onClose: () => void }) {
  const listId = createUniqueId();
  const [query, setQuery] = createSignal("");
  const [chosen, setChosen] = createSignal(0);
  const wanted = createMemo(() => {
    const [, letters = "", line] = /^(.*?)(?::(\d*))?$/.exec(query()) ?? [];
    return { letters, line: line === undefined || line === "" ? undefined : Number(line) };
  });
  /** Open files first while nothing is typed: most often it is one of them. */
  const found = createMemo(() => {
    const open = props.studio.open().filter((path) => path !== props.studio.active());
    const rest = props.studio.paths().filter((path) => !open.includes(path));
    return rankPaths([...open, ...rest], wanted().letters);
  });
  createEffect(on(query, () => setChosen(0)));
  createEffect(
    on(
      () => props.open,
      () => setQuery(""),
    ),
  );

  const run = (path: string | undefined) => {
    if (path === undefined) return;
    const { line } = wanted();
    props.onClose();
    // After the dialog has given the focus back, so that the editor may take it.
    queueMicrotask(() => props.studio.openFile(path, { line: line ?? 0 }));
  };
  const move = (by: number) => {
    const length = found().length;
    if (length === 0) return;
    setChosen((index) => (index + by + length) % length);
    document.getElementById(`${listId}-${chosen()}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") run(found()[chosen()]);
    else return;
    event.preventDefault();
  };
  return (
    <Kobalte open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Kobalte.Portal>
        <Kobalte.Overlay class="fixed inset-0 z-50 bg-scrim" />
        <div class="fixed inset-0 z-50 flex items-start justify-center p-4 pt-[14vh]">
          <Kobalte.Content
            aria-label="Open a file"
            class="flex max-h-[60vh] w-full max-w-xl animate-enter flex-col overflow-hidden rounded-panel border border-line bg-raised shadow-float"
          >
            <div class="flex items-center gap-2 border-b border-line px-3">
              <Search class="size-4 shrink-0 text-muted" aria-hidden="true" />
              <input
                class="h-12 w-full bg-transparent text-base outline-none placeholder:text-muted"
                placeholder="Open a file by name, :12 for a line"
                aria-label="Open a file by name"
                role="combobox"
                aria-expanded="true"
                aria-controls={listId}
                aria-activedescendant={found().length > 0 ? `${listId}-${chosen()}` : undefined}
                value={query()}
                onInput={(event) => setQuery(event.currentTarget.value)}
                onKeyDown={onKeyDown}
              />
            </div>
            <div id={listId} role="listbox" aria-label="Files" class="overflow-y-auto p-1">
              <For
                each={found()}
                fallback={<p class="px-3 py-6 text-center text-muted">No file is called that.</p>}
              >
                {(path, index) => (
                  <div
                    id={`${listId}-${index()}`}
                    role="option"
                    aria-selected={chosen() === index()}
                    onPointerMove={() => setChosen(index())}
                    onClick={() => run(path)}
                    class="hit flex cursor-pointer items-center gap-3 rounded-control px-3 aria-selected:bg-hover"
                  >
                    <span class="shrink-0">{path.split("/").at(-1)}</span>
                    <span class="min-w-0 flex-1 truncate text-right text-xs text-muted">
                      {path.split("/").slice(0, -1).join("/")}
                    </span>
                  </div>
                )}
              </For>
            </div>
          </Kobalte.Content>
        </div>
      </Kobalte.Portal>
    </Kobalte>
  );
}
