import { Checkbox as Kobalte } from "@kobalte/core/checkbox";
import Check from "lucide-solid/icons/check";
import { Show } from "solid-js";

export interface CheckboxProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: string | undefined;
  disabled?: boolean | undefined;
}

export function Checkbox(props: CheckboxProps) {
  return (
    <Kobalte
      checked={props.checked}
      onChange={props.onChange}
      disabled={props.disabled ?? false}
      class="flex items-start gap-2"
    >
      <Kobalte.Input class="peer" />
      <Kobalte.Control class="mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-[4px] border border-line-strong bg-surface peer-focus-visible:outline-2 peer-focus-visible:outline-offset-2 peer-focus-visible:outline-focus data-[checked]:border-accent data-[checked]:bg-accent">
        <Kobalte.Indicator>
          <Check class="size-3.5 text-on-accent" aria-hidden="true" />
        </Kobalte.Indicator>
      </Kobalte.Control>
      <div class="flex flex-col">
        <Kobalte.Label class="text-sm font-medium">{props.label}</Kobalte.Label>
        <Show when={props.hint}>
          <Kobalte.Description class="text-xs text-muted">{props.hint}</Kobalte.Description>
        </Show>
      </div>
    </Kobalte>
  );
}
