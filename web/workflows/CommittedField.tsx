import { createEffect, createSignal, on } from "solid-js";
import { TextField } from "../ui/TextField.tsx";

export interface CommittedFieldProps {
  label: string;
  hint?: string | undefined;
  /** What is wrong with the value as it is written. */
  error?: string | undefined;
  value: string;
  placeholder?: string | undefined;
  suggestions?: readonly string[] | undefined;
  multiline?: boolean | undefined;
  required?: boolean | undefined;
  /** Takes the text; answers what is wrong with it, or null. */
  commit: (text: string) => string | null;
}

/** A text field whose text is taken when it is left or Enter is pressed. */
export function CommittedField(props: CommittedFieldProps) {
  const [text, setText] = createSignal(props.value);
  const [refused, setRefused] = createSignal<string | null>(null);
  // The YAML is the truth: an edit there, or an undo, comes back into the field.
  createEffect(
    on(
      () => props.value,
      (value) => {
        setText(value);
        setRefused(null);
      },
      { defer: true },
    ),
  );
  const take = () => {
    if (text() !== props.value) setRefused(props.commit(text()));
  };
  return (
    <div onFocusOut={take}>
      <TextField
        label={props.label}
        value={text()}
        onChange={setText}
        hint={props.hint}
        error={refused() ?? props.error}
        placeholder={props.placeholder}
        suggestions={props.suggestions}
        multiline={props.multiline}
        required={props.required}
        rows={Math.min(8, Math.max(2, text().split("\n").length))}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (props.multiline !== true || event.ctrlKey || event.metaKey)) take();
        }}
      />
    </div>
  );
}
