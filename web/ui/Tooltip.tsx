import { Tooltip as Kobalte } from "@kobalte/core/tooltip";
import { Show, type JSX } from "solid-js";
import { Kbd } from "./Kbd.tsx";

export interface TooltipProps {
  /** What it says; also set it as the accessible name of an icon-only child. */
  label: string;
  keys?: string | undefined;
  placement?: "top" | "right" | "bottom" | "left" | undefined;
  children: JSX.Element;
}

/** A short word on hover and on keyboard focus. Never the only place where something is said. */
export function Tooltip(props: TooltipProps) {
  return (
    <Kobalte placement={props.placement ?? "bottom"} openDelay={450} closeDelay={80} gutter={6}>
      <Kobalte.Trigger as="span" class="inline-flex" tabIndex={-1}>
        {props.children}
      </Kobalte.Trigger>
      <Kobalte.Portal>
        <Kobalte.Content
          // The child already says it to a screen reader; hidden, it is not read twice.
          aria-hidden="true"
          class="z-50 flex max-w-72 items-center gap-2 rounded-control border border-line bg-raised px-2 py-1 text-xs text-text shadow-float"
        >
          {props.label}
          <Show when={props.keys}>{(keys) => <Kbd keys={keys()} />}</Show>
        </Kobalte.Content>
      </Kobalte.Portal>
    </Kobalte>
  );
}
