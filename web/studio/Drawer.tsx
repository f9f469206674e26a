import X from "lucide-solid/icons/x";
import { createMemo, For, Show } from "solid-js";
import { IconButton } from "../ui/IconButton.tsx";
import { ConsolePane } from "./ConsolePane.tsx";
import type { Studio } from "./createStudio.ts";
import { TerminalPane } from "./TerminalPane.tsx";

const tabs = [
  { id: "terminal", label: "Terminal" },
  { id: "console", label: "Console" },
] as const;

export type DrawerTab = (typeof tabs)[number]["id"];

/** Below the editor: the shell and the console of the page. The shell lives on while it is not shown. */
export function Drawer(props: {
  studio: Studio;
  tab: DrawerTab | null;
  onTab: (tab: DrawerTab | null) => void;
}) {
  const wasTerminal = createMemo((before: boolean) => before || props.tab === "terminal", false);
  return (
    <div class="flex h-full min-h-0 flex-col bg-sunken">
      <div class="flex h-9 shrink-0 items-center gap-1 border-b border-line bg-surface pr-1 pl-2">
        <div role="group" aria-label="Below the editor" class="flex flex-1 gap-1">
          <For each={tabs}>
            {(each) => (
              <button
                type="button"
                aria-pressed={props.tab === each.id}
                onClick={() => props.onTab(each.id)}
                class="h-7 rounded-control px-2 text-xs text-muted hover:text-text aria-pressed:bg-hover aria-pressed:text-text pointer-coarse:h-9"
              >
                {each.label}
                <Show when={each.id === "console" && props.studio.console.length > 0}>
                  <span class="tabular pl-1 text-muted">{props.studio.console.length}</span>
                </Show>
              </button>
            )}
          </For>
        </div>
        <IconButton label="Close the drawer" icon={<X />} onClick={() => props.onTab(null)} />
      </div>
      <div class={`min-h-0 flex-1 ${props.tab === "terminal" ? "" : "hidden"}`}>
        <Show when={wasTerminal()}>
          <TerminalPane studio={props.studio} />
        </Show>
      </div>
      <Show when={props.tab === "console"}>
        <div class="min-h-0 flex-1">
          <ConsolePane studio={props.studio} />
        </div>
      </Show>
    </div>
  );
}
