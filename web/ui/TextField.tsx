import { TextField as Kobalte } from "@kobalte/core/text-field";
import { createUniqueId, For, Show, type JSX } from "solid-js";

export interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Below the field while there is no error. */
  hint?: string | undefined;
  /** What is wrong and what to do. Marks the field invalid. */
  error?: string | undefined;
  hideLabel?: boolean | undefined;
  type?: "text" | "email" | "password" | "search" | "url" | undefined;
  name?: string | undefined;
  placeholder?: string | undefined;
  autocomplete?: string | undefined;
  autofocus?: boolean | undefined;
  required?: boolean | undefined;
  disabled?: boolean | undefined;
  multiline?: boolean | undefined;
  rows?: number | undefined;
  /** Offered while typing; anything else may be typed too. Of one line only. */
  suggestions?: readonly string[] | undefined;
  icon?: JSX.Element;
  onKeyDown?: ((event: KeyboardEvent) => void) | undefined;
  ref?: ((element: HTMLInputElement) => void) | undefined;
  class?: string | undefined;
}

const control =
  "hit w-full rounded-control border border-line-strong bg-surface px-3 text-sm text-text placeholder:text-muted " +
  "focus:border-focus focus:outline-1 focus:-outline-offset-1 focus:outline-focus data-[invalid]:border-failed " +
  "disabled:opacity-60";

export function TextField(props: TextFieldProps) {
  const listId = createUniqueId();
  const hasSuggestions = () => (props.suggestions?.length ?? 0) > 0;
  return (
    <Kobalte
      value={props.value}
      onChange={props.onChange}
      validationState={props.error ? "invalid" : "valid"}
      required={props.required ?? false}
      disabled={props.disabled ?? false}
      name={props.name ?? ""}
      class={`flex min-w-0 flex-col gap-1 ${props.class ?? ""}`}
    >
      <Kobalte.Label class={props.hideLabel ? "sr-only" : "text-sm font-medium"}>{props.label}</Kobalte.Label>
      <Show
        when={props.multiline}
        fallback={
          <div class="relative">
            <Show when={props.icon}>
              <span class="pointer-events-none absolute inset-y-0 left-2 flex items-center text-muted [&_svg]:size-4">
                {props.icon}
              </span>
            </Show>
            <Kobalte.Input
              ref={(element: HTMLInputElement) => {
                props.ref?.(element);
                if (props.autofocus) queueMicrotask(() => element.focus());
              }}
              type={props.type ?? "text"}
              placeholder={props.placeholder}
              autocomplete={props.autocomplete ?? (hasSuggestions() ? "off" : undefined)}
              list={hasSuggestions() ? listId : undefined}
              onKeyDown={(event: KeyboardEvent) => props.onKeyDown?.(event)}
              class={`${control} ${props.icon ? "pl-8" : ""}`}
            />
            <Show when={hasSuggestions()}>
              <datalist id={listId}>
                <For each={props.suggestions}>{(value) => <option value={value} />}</For>
              </datalist>
            </Show>
          </div>
        }
      >
        <Kobalte.TextArea
          rows={props.rows ?? 4}
          placeholder={props.placeholder}
          onKeyDown={(event: KeyboardEvent) => props.onKeyDown?.(event)}
          class={`${control} py-2`}
        />
      </Show>
      <Show when={props.hint && !props.error}>
        <Kobalte.Description class="text-xs text-muted">{props.hint}</Kobalte.Description>
      </Show>
      <Kobalte.ErrorMessage class="text-xs text-failed">{props.error}</Kobalte.ErrorMessage>
    </Kobalte>
  );
}
