import { DropdownMenu as Kobalte } from "@kobalte/core/dropdown-menu";
import { For, Show, type JSX } from "solid-js";
import { Kbd } from "./Kbd.tsx";

export interface MenuItem {
  label: string;
  icon?: JSX.Element;
  keys?: string | undefined;
  danger?: boolean | undefined;
  disabled?: boolean | undefined;
  onSelect: () => void;
}

export interface MenuProps {
  /** Accessible name of the trigger when it shows an icon only. */
  label: string;
  trigger: JSX.Element;
  triggerClass?: string | undefined;
  /** `null` draws a line between groups. */
  items: readonly (MenuItem | null)[];
  placement?: "bottom-start" | "bottom-end" | "right-start" | "right-end" | "top-start" | undefined;
}

export function Menu(props: MenuProps) {
  return (
    <Kobalte placement={props.placement ?? "bottom-end"} gutter={4} modal={false}>
      <Kobalte.Trigger
        aria-label={props.label}
        class={
          props.triggerClass ??
          "hit inline-flex min-w-8 items-center justify-center gap-1 rounded-control px-2 text-muted hover:bg-hover hover:text-text [&_svg]:size-4"
        }
      >
        {props.trigger}
      </Kobalte.Trigger>
      <Kobalte.Portal>
        {/* As in Select: a dialog must not hide its own menus. */}
        <Kobalte.Content
          data-kb-top-layer=""
          class="z-50 min-w-44 animate-enter rounded-panel border border-line bg-raised p-1 shadow-float outline-none"
        >
          <For each={props.items}>
            {(item) => (
              <Show when={item} fallback={<Kobalte.Separator class="my-1 border-t border-line" />}>
                {(entry) => (
                  <Kobalte.Item
                    disabled={entry().disabled ?? false}
                    onSelect={() => entry().onSelect()}
                    class={`hit flex items-center gap-2 rounded-control px-2 text-sm outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover [&_svg]:size-4 ${entry().danger ? "text-failed" : "text-text"}`}
                  >
                    {entry().icon}
                    <span class="flex-1">{entry().label}</span>
                    <Show when={entry().keys}>{(keys) => <Kbd keys={keys()} />}</Show>
                  </Kobalte.Item>
                )}
              </Show>
            )}
          </For>
        </Kobalte.Content>
      </Kobalte.Portal>
    </Kobalte>
  );
}
