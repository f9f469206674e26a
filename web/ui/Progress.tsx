import { Progress as Kobalte } from "@kobalte/core/progress";
import { Show } from "solid-js";

/** A bar with words. `value` is 0 to 1; leave it out while the end is unknown. */
export function Progress(props: { label: string; value?: number | undefined; detail?: string | undefined }) {
  return (
    <Kobalte
      value={(props.value ?? 0) * 100}
      indeterminate={props.value === undefined}
      class="flex w-full flex-col gap-1"
    >
      <div class="flex justify-between gap-3 text-xs text-muted">
        <Kobalte.Label class="min-w-0 truncate">{props.label}</Kobalte.Label>
        <Show when={props.detail}>
          <span class="tabular shrink-0">{props.detail}</span>
        </Show>
      </div>
      <Kobalte.Track class="h-1 overflow-hidden rounded-full bg-pressed">
        <Kobalte.Fill
          class="h-full rounded-full bg-running transition-[width] data-[indeterminate]:w-1/3 data-[indeterminate]:animate-pulse-dot"
          style={props.value === undefined ? {} : { width: "var(--kb-progress-fill-width)" }}
        />
      </Kobalte.Track>
    </Kobalte>
  );
}
