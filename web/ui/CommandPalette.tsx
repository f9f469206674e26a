import { Dialog as Kobalte } from "@kobalte/core/dialog";
import Search from "lucide-solid/icons/search";
import { createEffect, createMemo, createSignal, createUniqueId, For, on, Show } from "solid-js";
import type { Command } from "./commandKeys.ts";
import { useCommands } from "./commands.tsx";
import { Kbd } from "./Kbd.tsx";

/** How well `query` fits `title`: all its words occur; earlier is better. Null when it does not fit. */
function score(title: string, query: string): number | null {
  const text = title.toLowerCase();
  let total = 0;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(word);
    if (at === -1) return null;
    total += at;
  }
  return total;
}

/** Everything that can be done or opened from here, by typing a part of its name. */
export function CommandPalette(props: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const commands = useCommands();
  const listId = createUniqueId();
  const [query, setQuery] = createSignal("");
  const [chosen, setChosen] = createSignal(0);
  const found = createMemo(() =>
    commands
      .all()
      .filter((command) => !command.hidden)
      .map((command) => ({ command, score: score(`${command.title} ${command.section}`, query()) }))
      .filter((row): row is { command: Command; score: number } => row.score !== null)
      .sort((a, b) => a.score - b.score)
      .map((row) => row.command),
  );
  createEffect(on(query, () => setChosen(0)));
  createEffect(
    on(
      () => props.open,
      (open) => open && setQuery(""),
    ),
  );

  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    props.onOpenChange(false);
    // After the dialog has given the focus back, so that the command may move it.
    queueMicrotask(() => command.run());
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
    <Kobalte open={props.open} onOpenChange={props.onOpenChange}>
      <Kobalte.Portal>
        <Kobalte.Overlay class="fixed inset-0 z-50 bg-scrim" />
        <div class="fixed inset-0 z-50 flex items-start justify-center p-4 pt-[14vh]">
          <Kobalte.Content
            aria-label="Command palette"
            class="flex max-h-[60vh] w-full max-w-xl animate-enter flex-col overflow-hidden rounded-panel border border-line bg-raised shadow-float"
          >
            <div class="flex items-center gap-2 border-b border-line px-3">
              <Search class="size-4 shrink-0 text-muted" aria-hidden="true" />
              <input
                class="h-12 w-full bg-transparent text-base outline-none placeholder:text-muted"
                placeholder="Search or run a command"
                aria-label="Search or run a command"
                role="combobox"
                aria-expanded="true"
                aria-controls={listId}
                aria-activedescendant={found().length > 0 ? `${listId}-${chosen()}` : undefined}
                value={query()}
                onInput={(event) => setQuery(event.currentTarget.value)}
                onKeyDown={onKeyDown}
              />
            </div>
            <div id={listId} role="listbox" aria-label="Commands" class="overflow-y-auto p-1">
              <For
                each={found()}
                fallback={<p class="px-3 py-6 text-center text-muted">Nothing here is called that.</p>}
              >
                {(command, index) => (
                  <div
                    id={`${listId}-${index()}`}
                    role="option"
                    aria-selected={chosen() === index()}
                    onPointerMove={() => setChosen(index())}
                    onClick={() => run(command)}
                    class="hit flex cursor-pointer items-center gap-3 rounded-control px-3 aria-selected:bg-hover"
                  >
                    <span class="min-w-0 flex-1 truncate">{command.title}</span>
                    <span class="text-xs text-muted">{command.section}</span>
                    <Show when={command.keys}>{(keys) => <Kbd keys={keys()} />}</Show>
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
