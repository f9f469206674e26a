import { Select as Kobalte } from "@kobalte/core/select";
import Check from "lucide-solid/icons/check";
import ChevronDown from "lucide-solid/icons/chevron-down";
import { Show } from "solid-js";

export interface SelectOption<Value extends string> {
  value: Value;
  label: string;
}

export interface SelectProps<Value extends string> {
  label: string;
  options: readonly SelectOption<Value>[];
  value: Value;
  onChange: (value: Value) => void;
  hideLabel?: boolean | undefined;
  disabled?: boolean | undefined;
  class?: string | undefined;
}

/** One of a few values. */
export function Select<Value extends string>(props: SelectProps<Value>) {
  const chosen = () => props.options.find((option) => option.value === props.value);
  return (
    <Kobalte<SelectOption<Value>>
      options={[...props.options]}
      optionValue="value"
      optionTextValue="label"
      value={chosen() ?? null}
      onChange={(option) => option && props.onChange(option.value)}
      disallowEmptySelection
      disabled={props.disabled ?? false}
      gutter={4}
      placement="bottom-start"
      sameWidth={false}
      class={`flex flex-col gap-1 ${props.class ?? ""}`}
      itemComponent={(row) => (
        <Kobalte.Item
          item={row.item}
          class="hit flex items-center justify-between gap-4 rounded-control px-2 text-sm outline-none data-[highlighted]:bg-hover"
        >
          <Kobalte.ItemLabel>{row.item.rawValue.label}</Kobalte.ItemLabel>
          <Kobalte.ItemIndicator>
            <Check class="size-4 text-accent-text" aria-hidden="true" />
          </Kobalte.ItemIndicator>
        </Kobalte.Item>
      )}
    >
      <Show when={!props.hideLabel}>
        <Kobalte.Label class="text-sm font-medium">{props.label}</Kobalte.Label>
      </Show>
      <Kobalte.Trigger
        aria-label={props.hideLabel ? `${props.label}: ${chosen()?.label ?? "none"}` : undefined}
        class="hit inline-flex items-center justify-between gap-2 rounded-control border border-line-strong bg-surface px-3 text-sm hover:bg-hover disabled:opacity-55"
      >
        <Kobalte.Value<SelectOption<Value>> class="truncate">
          {(state) => state.selectedOption()?.label ?? props.label}
        </Kobalte.Value>
        <Kobalte.Icon as={ChevronDown} class="size-4 shrink-0 text-muted" aria-hidden="true" />
      </Kobalte.Trigger>
      <Kobalte.Portal>
        {/* Without the mark a modal dialog around the trigger hides the list from assistive technology. */}
        <Kobalte.Content
          data-kb-top-layer=""
          class="z-50 min-w-40 animate-enter rounded-panel border border-line bg-raised p-1 shadow-float"
        >
          <Kobalte.Listbox class="max-h-80 overflow-auto outline-none" />
        </Kobalte.Content>
      </Kobalte.Portal>
    </Kobalte>
  );
}
