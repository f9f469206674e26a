import { For } from "solid-js";
import { keyLabels } from "./commandKeys.ts";

/** A key combination such as `Mod+K`, shown with the names of this machine's keys. */
export function Kbd(props: { keys: string }) {
  return (
    <span class="inline-flex shrink-0 items-center gap-1">
      <For each={keyLabels(props.keys)}>
        {(label) => (
          <kbd class="min-w-5 rounded-[4px] border border-line bg-sunken px-1 text-center font-sans text-xs text-muted">
            {label}
          </kbd>
        )}
      </For>
    </span>
  );
}
