import X from "lucide-solid/icons/x";
import { createSignal, For, Show } from "solid-js";
import { TextField } from "./TextField.tsx";

export interface ListFieldProps {
  label: string;
  items: readonly string[];
  onChange: (items: string[]) => void;
  hint?: string | undefined;
  /** What is wrong and what to do. Marks the field invalid. */
  error?: string | undefined;
  /** Offered while typing, without those that are in the list. */
  suggestions?: readonly string[] | undefined;
  placeholder?: string | undefined;
  required?: boolean | undefined;
  disabled?: boolean | undefined;
}

/** A list of texts: Enter, or leaving the field, adds what is typed; pasted lines are added each. */
export function ListField(props: ListFieldProps) {
  const [text, setText] = createSignal("");
  let input: HTMLInputElement | undefined;
  const add = (lines: string) => {
    const wanted = lines.split(/\r?\n/).map((line) => line.trim());
    const items = [...new Set([...props.items, ...wanted.filter((line) => line !== "")])];
    setText("");
    if (items.length > props.items.length) props.onChange(items);
  };
  const remove = (index: number) => {
    props.onChange(props.items.filter((_, at) => at !== index));
    input?.focus();
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (!/\n./.test(pasted)) return;
    event.preventDefault();
    add(pasted);
  };
  return (
    <div class="flex min-w-0 flex-col gap-1" onPaste={onPaste}>
      <span class="text-sm font-medium" aria-hidden="true">
        {props.label}
      </span>
      <Show when={props.items.length > 0}>
        <ul class="flex flex-wrap gap-1" aria-label={`In ${props.label}`}>
          <For each={props.items}>
            {(item, index) => (
              <li class="inline-flex max-w-full items-center rounded-control border border-line bg-sunken pl-2">
                <code class="min-w-0 py-1 text-xs break-all">{item}</code>
                <button
                  type="button"
                  aria-label={`Remove ${item}`}
                  disabled={props.disabled}
                  onClick={() => remove(index())}
                  class="inline-flex size-7 shrink-0 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-text disabled:opacity-50 pointer-coarse:size-11 [&_svg]:size-3.5"
                >
                  <X aria-hidden="true" />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <div onFocusOut={() => add(text())}>
        <TextField
          label={props.label}
          hideLabel
          value={text()}
          onChange={setText}
          hint={props.hint}
          error={props.error}
          placeholder={props.placeholder ?? "Add one"}
          suggestions={props.suggestions?.filter((name) => !props.items.includes(name))}
          required={props.required === true && props.items.length === 0}
          disabled={props.disabled}
          ref={(element) => (input = element)}
          onKeyDown={(event) => {
            if (event.key === "Enter") {
              event.preventDefault();
              add(text());
            } else if (event.key === "Backspace" && text() === "" && props.items.length > 0) {
              event.preventDefault();
              remove(props.items.length - 1);
            }
          }}
        />
      </div>
    </div>
  );
}
