import Ban from "lucide-solid/icons/ban";
import CircleX from "lucide-solid/icons/circle-x";
import Info from "lucide-solid/icons/info";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { createEffect, For, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import { EmptyState } from "../ui/EmptyState.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import type { ConsoleLine, Studio } from "./createStudio.ts";

const looks: Record<ConsoleLine["level"], string> = {
  log: "",
  info: "text-running",
  warn: "bg-waiting-soft text-waiting",
  error: "bg-failed-soft text-failed",
};
const icons = { log: undefined, info: Info, warn: TriangleAlert, error: CircleX } as const;

/** What the page of the preview wrote to its console, and its uncaught errors. */
export function ConsolePane(props: { studio: Studio }) {
  let list: HTMLOListElement | undefined;
  let atEnd = true;
  createEffect(() => {
    if (props.studio.console.length > 0 && atEnd) queueMicrotask(() => list?.scrollTo(0, list.scrollHeight));
  });
  return (
    <section class="relative flex h-full min-h-0 flex-col bg-sunken" aria-label="Console">
      <Show
        when={props.studio.console.length > 0}
        fallback={
          <EmptyState title="Nothing written yet" text="What the page logs, and what goes wrong in it." />
        }
      >
        <ol
          ref={(element) => (list = element)}
          role="log"
          aria-label="Lines of the console"
          tabIndex={0}
          onScroll={(event) => {
            const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
            atEnd = scrollHeight - scrollTop - clientHeight < 24;
          }}
          class="min-h-0 flex-1 overflow-auto py-1 font-mono text-xs -outline-offset-2"
        >
          <For each={props.studio.console}>
            {(line) => (
              <li class={`flex gap-2 border-b border-line px-3 py-1 ${looks[line.level]}`}>
                <span class="w-3.5 shrink-0 pt-0.5">
                  <Show when={icons[line.level]}>
                    {(icon) => <Dynamic component={icon()} class="size-3.5" aria-label={line.level} />}
                  </Show>
                </span>
                <span class="min-w-0 break-words whitespace-pre-wrap">{line.text}</span>
              </li>
            )}
          </For>
        </ol>
        <span class="absolute top-1 right-3 rounded-control bg-sunken">
          <IconButton label="Clear the console" icon={<Ban />} onClick={() => props.studio.clearConsole()} />
        </span>
      </Show>
    </section>
  );
}
