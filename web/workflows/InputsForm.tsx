import Plus from "lucide-solid/icons/plus";
import Trash from "lucide-solid/icons/trash-2";
import { createEffect, createSignal, Index, on } from "solid-js";
import { isObject, type JsonObject } from "../../shared/workflow/edit/json.ts";
import { Button } from "../ui/Button.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Select } from "../ui/Select.tsx";
import { CommittedField } from "./CommittedField.tsx";
import { FormFields } from "./FormFields.tsx";
import { kindOf, kindsOf, newItem } from "./formFields.ts";
import { freeName, kindAt, problemAt, problemInWords, setField, valueAt, type WorkflowForm } from "./workflowForm.ts"; // prettier-ignore

/** What a run is asked for: a name, a type and that type's fields for each. */
export function InputsForm(props: { form: WorkflowForm }) {
  const [added, setAdded] = createSignal<string | null>(null);
  let list: HTMLUListElement | undefined;
  const inputs = (): JsonObject => {
    const value = valueAt(props.form.value(), ["inputs"]);
    return isObject(value) ? value : {};
  };
  const names = () => Object.keys(inputs());
  const add = () => {
    const name = freeName(inputs(), "input");
    setAdded(name);
    props.form.edit({ kind: "set", path: ["inputs", name], value: newItem(kindOf("inputs", "string")) });
  };
  // The name comes first: it is a sample until somebody types another.
  createEffect(
    on(
      () => names().length,
      () => {
        if (added() === null) return;
        setAdded(null);
        queueMicrotask(() => {
          const name = list?.querySelector<HTMLInputElement>("li:last-child input");
          name?.focus();
          name?.select();
        });
      },
      { defer: true },
    ),
  );
  return (
    <>
      <ul ref={(element) => (list = element)} class="flex flex-col gap-4 empty:hidden" aria-label="Inputs">
        {/* By place: an input that gets another name keeps its fields, and the focus in them. */}
        <Index each={names()}>
          {(name) => (
            <li class="rounded-panel border border-line p-3">
              <Input form={props.form} name={name()} />
            </li>
          )}
        </Index>
      </ul>
      <div>
        <Button icon={<Plus aria-hidden="true" />} disabled={props.form.readOnly()} onClick={add}>
          Input
        </Button>
      </div>
    </>
  );
}

function Input(props: { form: WorkflowForm; name: string }) {
  const path = () => ["inputs", props.name] as const;
  const value = () => valueAt(props.form.value(), path());
  const type = () => {
    const written = value();
    return isObject(written) && typeof written["type"] === "string" ? written["type"] : "";
  };
  const choose = (next: string) => {
    const written = value();
    if (next !== type())
      setField(props.form, path(), newItem(kindOf("inputs", next), isObject(written) ? written : {}));
  };
  const rename = (name: string): string | null => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "Letters, digits and _, not starting with a digit.";
    const inputs = valueAt(props.form.value(), ["inputs"]);
    if (isObject(inputs) && Object.hasOwn(inputs, name)) return `There is an input "${name}" already.`;
    props.form.edit({ kind: "renameKey", path: path(), to: name });
    return null;
  };
  const problem = () => {
    const found = problemAt(props.form.findings(), path());
    return found !== undefined && kindAt(props.form, "inputs", path()) === undefined
      ? problemInWords(found)
      : undefined;
  };
  return (
    <div class="flex flex-col gap-4" role="group" aria-label={`Input ${props.name}`}>
      <div class="flex items-start gap-2">
        <div class="min-w-0 flex-1">
          <CommittedField
            label="name"
            value={props.name}
            hint="What expressions call it; they follow when it changes."
            commit={rename}
          />
        </div>
        <Select
          label="type"
          value={type()}
          onChange={choose}
          disabled={props.form.readOnly()}
          options={kindsOf("inputs").map((kind) => ({ value: kind.type, label: kind.type }))}
        />
        <div class="pt-6">
          <IconButton
            label={`Delete ${props.name}`}
            icon={<Trash aria-hidden="true" />}
            disabled={props.form.readOnly()}
            onClick={() => setField(props.form, path(), undefined)}
          />
        </div>
      </div>
      {problem() === undefined ? null : <p class="text-xs text-failed">{problem()}</p>}
      <FormFields form={props.form} path={path()} schema={kindAt(props.form, "inputs", path())} />
    </div>
  );
}
