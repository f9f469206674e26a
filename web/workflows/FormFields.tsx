import { createMemo, For, Match, Show, Switch } from "solid-js";
import { alternativesOf, type LanguageSchema } from "../../shared/workflow/assist/languageSchema.ts";
import { isObject, type Json } from "../../shared/workflow/edit/json.ts";
import { Checkbox } from "../ui/Checkbox.tsx";
import { ListField } from "../ui/ListField.tsx";
import { Select } from "../ui/Select.tsx";
import { CommittedField } from "./CommittedField.tsx";
import { defaultText, fieldsOf, fieldText, fieldValue, fits, listOf, newItem, type FormField } from "./formFields.ts"; // prettier-ignore
import {
  problemAt,
  problemInWords,
  problemsBeside,
  setField,
  suggestionsAt,
  valueAt,
  variantOf,
  type FieldPath,
  type WorkflowForm,
} from "./workflowForm.ts";

export interface FormFieldsProps {
  form: WorkflowForm;
  /** Of the mapping that is edited. */
  path: FieldPath;
  schema: LanguageSchema | undefined;
  /** Keys that are asked for elsewhere. */
  without?: readonly string[] | undefined;
}

/** A field for each key of a mapping. A field is written into the YAML when it is left; what is wrong is said at it. */
export function FormFields(props: FormFieldsProps) {
  const fields = createMemo(() => fieldsOf(props.schema, props.without));
  const known = () => [...fields().map((field) => field.key), ...(props.without ?? [])];
  return (
    <>
      <For each={problemsBeside(props.form.findings(), { path: props.path, fields: known() })}>
        {(problem) => (
          <p role="alert" class="rounded-control bg-failed-soft px-3 py-2 text-failed">
            {problemInWords(problem)}
          </p>
        )}
      </For>
      <For each={fields()}>
        {(field) => <Field form={props.form} field={field} path={[...props.path, field.key]} />}
      </For>
    </>
  );
}

interface FieldProps {
  form: WorkflowForm;
  field: FormField;
  path: FieldPath;
}

function Field(props: FieldProps) {
  const value = () => valueAt(props.form.value(), props.path);
  const is = (...controls: FormField["control"][]) =>
    controls.includes(props.field.control) && fits(props.field, value());
  return (
    <Switch fallback={<WrittenField {...props} />}>
      <Match when={is("boolean")}>
        <Checkbox
          label={props.field.key}
          hint={props.field.hint}
          checked={value() === true}
          disabled={props.form.readOnly()}
          onChange={(checked) => setField(props.form, props.path, checked ? true : undefined)}
        />
      </Match>
      <Match when={is("choice")}>
        <ChoiceField {...props} />
      </Match>
      <Match when={is("list")}>
        <TextsField {...props} />
      </Match>
      <Match when={is("group")}>
        <fieldset class="flex min-w-0 flex-col gap-4 border-l border-line pl-4">
          <legend class="contents">
            <span class="text-sm font-medium">{props.field.key}</span>
          </legend>
          <p class="-mt-3 text-xs text-muted">{props.field.hint}</p>
          <FormFields form={props.form} path={props.path} schema={alternativesOf(props.field.schema)[0]} />
        </fieldset>
      </Match>
      <Match when={is("variant")}>
        <VariantField {...props} />
      </Match>
      <Match when={is("text", "paragraph", "number", "pairs")}>
        <TypedField {...props} />
      </Match>
    </Switch>
  );
}

/** What the linter says of a field: an error marks it, a warning is said in place of the hint. */
function findingOf(props: FieldProps): { error?: string; hint: string } {
  const problem = problemAt(props.form.findings(), props.path);
  if (problem === undefined) return { hint: props.field.hint };
  return problem.severity === "error"
    ? { error: problemInWords(problem), hint: props.field.hint }
    : { hint: `${problemInWords(problem)}.` };
}

function TypedField(props: FieldProps) {
  const commit = (text: string): string | null => {
    try {
      setField(props.form, props.path, fieldValue(props.field, text));
      return null;
    } catch (error) {
      if (error instanceof RangeError) return `${error.message}.`;
      throw error;
    }
  };
  const multiline = () => props.field.control === "paragraph" || props.field.control === "pairs";
  return (
    <CommittedField
      label={props.field.key}
      value={fieldText(props.field, valueAt(props.form.value(), props.path))}
      required={props.field.required}
      multiline={multiline()}
      placeholder={defaultText(props.field) ?? (props.field.control === "pairs" ? "NAME=value" : undefined)}
      suggestions={multiline() ? undefined : suggestionsAt(props.form, props.field, props.path)}
      commit={commit}
      {...findingOf(props)}
    />
  );
}

const byDefault = "(default)";

function ChoiceField(props: FieldProps) {
  const text = () => fieldText(props.field, valueAt(props.form.value(), props.path));
  const options = () => {
    const implied = defaultText(props.field);
    const none = { value: byDefault, label: implied === undefined ? "Not set" : `${implied} (default)` };
    // What is written but not in the list is shown, not hidden behind another value.
    const other = text() === "" || props.field.options.includes(text()) ? [] : [text()];
    return [
      ...(props.field.required ? [] : [none]),
      ...[...props.field.options, ...other].map((value) => ({ value, label: value })),
    ];
  };
  return (
    <div class="flex flex-col gap-1">
      <Select
        label={props.field.key}
        value={text() === "" ? byDefault : text()}
        disabled={props.form.readOnly()}
        onChange={(value) =>
          setField(props.form, props.path, value === byDefault ? undefined : fieldValue(props.field, value))
        }
        options={options()}
      />
      <FieldNote {...findingOf(props)} />
    </div>
  );
}

function FieldNote(props: { hint: string; error?: string }) {
  return (
    <p class={`text-xs ${props.error === undefined ? "text-muted" : "text-failed"}`}>
      {props.error ?? props.hint}
    </p>
  );
}

function TextsField(props: FieldProps) {
  const value = () => valueAt(props.form.value(), props.path);
  const implied = () => defaultText(props.field);
  const set = (items: string[]) => setField(props.form, props.path, items.length > 0 ? items : undefined);
  return (
    <div class="flex flex-col items-start gap-1 [&>:first-child]:w-full">
      <ListField
        label={props.field.key}
        items={listOf(value())}
        onChange={set}
        suggestions={suggestionsAt(props.form, props.field, props.path)}
        required={props.field.required}
        disabled={props.form.readOnly()}
        placeholder={value() === undefined ? implied() : undefined}
        {...findingOf(props)}
      />
      {/* An empty list says something else than no list: nothing at all, where the default is something. */}
      <Show when={implied() !== undefined && !props.form.readOnly()}>
        <Switch>
          <Match when={value() === undefined}>
            <TextButton
              label={`Nothing in ${props.field.key}`}
              text="Nothing at all"
              onClick={() => setField(props.form, props.path, [])}
            />
          </Match>
          <Match when={Array.isArray(value()) && listOf(value()).length === 0}>
            <TextButton
              label={`The default of ${props.field.key}`}
              text={`Nothing at all. Back to ${implied() ?? ""}`}
              onClick={() => setField(props.form, props.path, undefined)}
            />
          </Match>
        </Switch>
      </Show>
    </div>
  );
}

function TextButton(props: { label: string; text: string; onClick: () => void }) {
  return (
    <button
      type="button"
      onClick={() => props.onClick()}
      class="rounded-control text-xs text-accent-text hover:underline pointer-coarse:min-h-11"
    >
      {props.text}
      <span class="sr-only">: {props.label}</span>
    </button>
  );
}

const variantWords: Record<string, string> = {
  fail_fast: "The run fails",
  continue: "The run goes on",
  retry: "Try again",
  agent_retry: "An agent repairs, then try again",
};

function VariantField(props: FieldProps) {
  const value = () => valueAt(props.form.value(), props.path);
  const kind = createMemo(() => variantOf(props.field, value()));
  const typeOf = (one: LanguageSchema | undefined): string => {
    const type = one?.properties?.["type"]?.const;
    return typeof type === "string" ? type : byDefault;
  };
  const choose = (type: string) => {
    const before: Json | undefined = value();
    const wanted = alternativesOf(props.field.schema).find((one) => typeOf(one) === type);
    const made = wanted === undefined ? undefined : newItem(wanted, isObject(before) ? before : {});
    setField(props.form, props.path, made);
  };
  return (
    <div class="flex flex-col gap-4">
      <div class="flex flex-col gap-1">
        <Select
          label={props.field.key}
          value={typeOf(kind())}
          disabled={props.form.readOnly()}
          onChange={choose}
          options={[
            ...(props.field.required ? [] : [{ value: byDefault, label: "Not set" }]),
            ...alternativesOf(props.field.schema).map((one) => ({
              value: typeOf(one),
              label: variantWords[typeOf(one)] ?? typeOf(one),
            })),
          ]}
        />
        <p class="text-xs text-muted">{props.field.hint}</p>
      </div>
      <Show when={kind()}>
        {(schema) => (
          <div class="flex flex-col gap-4 border-l border-line pl-4">
            <FormFields form={props.form} path={props.path} schema={schema()} />
          </div>
        )}
      </Show>
    </div>
  );
}

/** A value that no control holds: shown as it is. */
function WrittenField(props: FieldProps) {
  const text = () => fieldText({ control: "yaml" }, valueAt(props.form.value(), props.path));
  return (
    <div class="flex min-w-0 flex-col gap-1">
      <span class="text-sm font-medium">{props.field.key}</span>
      <Show when={text() !== ""}>
        <code class="truncate rounded-control bg-sunken px-2 py-1 text-xs">{text()}</code>
      </Show>
      <FieldNote {...findingOf(props)} />
      <span class="text-xs text-muted">Written in the YAML.</span>
    </div>
  );
}
