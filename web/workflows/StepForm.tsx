import ArrowDown from "lucide-solid/icons/arrow-down";
import ArrowUp from "lucide-solid/icons/arrow-up";
import Copy from "lucide-solid/icons/copy";
import Trash from "lucide-solid/icons/trash-2";
import { createEffect, createMemo, createSignal, For, Match, on, Show, Switch } from "solid-js";
import type { WorkflowEdit } from "../../shared/workflow/edit/editWorkflow.ts";
import type { Json, JsonObject } from "../../shared/workflow/edit/json.ts";
import { isObject } from "../../shared/workflow/edit/json.ts";
import { Checkbox } from "../ui/Checkbox.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Select } from "../ui/Select.tsx";
import { TextField } from "../ui/TextField.tsx";
import { fieldText, fieldValue, stepFields, type StepField } from "./stepFields.ts";
import type { StepModel } from "./workflowGraph.ts";

export interface StepFormProps {
  step: StepModel;
  /** The step as it is written. */
  value: JsonObject;
  steps: readonly StepModel[];
  readOnly: boolean;
  onEdit: (edit: WorkflowEdit) => void;
}

/** Everything about one step, by the language's schema. A field is written into the YAML when it is left. */
export function StepForm(props: StepFormProps) {
  const fields = createMemo(() => stepFields(props.step.type));
  const index = () => props.step.index;
  const set = (key: string, value: Json | undefined) => {
    const path = ["steps", index(), key];
    props.onEdit(value === undefined ? { kind: "remove", path } : { kind: "set", path, value });
  };
  return (
    <form
      class="flex flex-col gap-4 p-4"
      aria-label={`Step ${props.step.id}`}
      onSubmit={(event) => event.preventDefault()}
    >
      <header class="flex items-center gap-1">
        <h2 class="min-w-0 flex-1 truncate text-base">
          {props.step.name} <span class="text-sm font-normal text-muted">{props.step.type}</span>
        </h2>
        <Show when={!props.readOnly}>
          <IconButton
            label="Move up"
            icon={<ArrowUp aria-hidden="true" />}
            disabled={index() === 0}
            onClick={() => props.onEdit({ kind: "moveStep", index: index(), to: index() - 1 })}
          />
          <IconButton
            label="Move down"
            icon={<ArrowDown aria-hidden="true" />}
            disabled={index() === props.steps.length - 1}
            onClick={() => props.onEdit({ kind: "moveStep", index: index(), to: index() + 1 })}
          />
          <IconButton
            label="Duplicate"
            icon={<Copy aria-hidden="true" />}
            onClick={() => props.onEdit({ kind: "duplicateStep", index: index() })}
          />
          <IconButton
            label="Delete"
            icon={<Trash aria-hidden="true" />}
            disabled={props.steps.length === 1}
            onClick={() => props.onEdit({ kind: "removeStep", index: index() })}
          />
        </Show>
      </header>
      <fieldset class="contents" disabled={props.readOnly}>
        <Committed
          label="step_id"
          hint="What needs and expressions call it; they follow when it changes."
          value={props.step.id}
          commit={(id) => {
            if (id.trim() === "") return "A step has a name of at least one character.";
            if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(id))
              return "Start with a letter or _, go on with letters, digits, _ or -.";
            props.onEdit({ kind: "renameStep", index: index(), id });
            return null;
          }}
        />
        <Needs {...props} />
        <For each={fields()}>
          {(field) => (
            <Field field={field} value={props.value[field.key]} set={(value) => set(field.key, value)} />
          )}
        </For>
        <OnFailure value={props.value["on_failure"]} set={(value) => set("on_failure", value)} />
      </fieldset>
    </form>
  );
}

/** A text field whose text is taken when it is left or Enter is pressed. `commit` answers what is wrong, or null. */
function Committed(props: {
  label: string;
  hint?: string;
  value: string;
  multiline?: boolean;
  required?: boolean;
  commit: (text: string) => string | null;
}) {
  const [text, setText] = createSignal(props.value);
  const [error, setError] = createSignal<string | null>(null);
  // The YAML is the truth: an edit there, or an undo, comes back into the field.
  createEffect(
    on(
      () => props.value,
      (value) => {
        setText(value);
        setError(null);
      },
      { defer: true },
    ),
  );
  const take = () => {
    if (text() !== props.value) setError(props.commit(text()));
  };
  return (
    <div onFocusOut={take}>
      <TextField
        label={props.label}
        value={text()}
        onChange={setText}
        hint={props.hint}
        error={error() ?? undefined}
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

function Field(props: { field: StepField; value: Json | undefined; set: (value: Json | undefined) => void }) {
  const text = () => fieldText(props.field, props.value);
  const commit = (next: string): string | null => {
    try {
      props.set(fieldValue(props.field, next));
      return null;
    } catch (error) {
      if (error instanceof RangeError) return `${error.message}.`;
      throw error;
    }
  };
  return (
    <Switch
      fallback={
        <Committed
          label={props.field.key}
          hint={props.field.hint}
          value={text()}
          required={props.field.required}
          multiline={["paragraph", "lines", "pairs"].includes(props.field.control)}
          commit={commit}
        />
      }
    >
      <Match when={props.field.control === "boolean"}>
        <Checkbox
          label={props.field.key}
          hint={props.field.hint}
          checked={props.value === true}
          onChange={(checked) => props.set(checked ? true : undefined)}
        />
      </Match>
      <Match when={props.field.control === "choice"}>
        <Select
          label={props.field.key}
          value={text() === "" ? "(default)" : text()}
          onChange={(value) => props.set(value === "(default)" ? undefined : value)}
          options={[...(props.field.required ? [] : ["(default)"]), ...props.field.options].map((value) => ({
            value,
            label: value,
          }))}
        />
      </Match>
      <Match when={props.field.control === "yaml"}>
        <div class="flex flex-col gap-1">
          <span class="text-sm font-medium">{props.field.key}</span>
          <Show
            when={text() !== ""}
            fallback={<span class="text-xs text-muted">{props.field.hint} Written in the YAML.</span>}
          >
            <code class="truncate rounded-control bg-sunken px-2 py-1 text-xs">{text()}</code>
          </Show>
        </div>
      </Match>
    </Switch>
  );
}

function Needs(props: StepFormProps) {
  const others = () => props.steps.filter((step) => step.index !== props.step.index);
  const toggle = (id: string, needed: boolean) => {
    const before = props.step.needs.filter((need) => need !== id);
    props.onEdit({ kind: "setNeeds", index: props.step.index, needs: needed ? [...before, id] : before });
  };
  return (
    <Show when={others().length > 0}>
      <fieldset class="flex flex-col gap-2" disabled={props.readOnly}>
        <legend class="pb-1 text-sm font-medium">needs</legend>
        <For each={others()}>
          {(step) => (
            <Checkbox
              label={step.id}
              hint={step.name === step.id ? undefined : step.name}
              checked={props.step.needs.includes(step.id)}
              onChange={(checked) => toggle(step.id, checked)}
            />
          )}
        </For>
      </fieldset>
    </Show>
  );
}

const failureKinds = [
  { value: "fail_fast", label: "The run fails" },
  { value: "continue", label: "The run goes on" },
  { value: "retry", label: "Try again" },
  { value: "agent_retry", label: "An agent repairs, then try again" },
] as const;
type FailureKind = (typeof failureKinds)[number]["value"];

function OnFailure(props: { value: Json | undefined; set: (value: Json | undefined) => void }) {
  const holder = (): JsonObject => (isObject(props.value) ? props.value : {});
  const kind = (): FailureKind =>
    failureKinds.find((each) => each.value === holder()["type"])?.value ?? "fail_fast";
  const choose = (next: FailureKind) => {
    if (next === "retry") props.set({ type: "retry", max_attempts: 2 });
    else if (next === "agent_retry") props.set({ type: "agent_retry", role: "tester", max_attempts: 2 });
    else props.set(next === "fail_fast" ? undefined : { type: next });
  };
  const attempts = () => {
    const written = holder()["max_attempts"];
    return typeof written === "number" ? String(written) : null;
  };
  return (
    <>
      <Select label="on_failure" value={kind()} onChange={choose} options={failureKinds} />
      <Show when={attempts() !== null}>
        <Committed
          label="max_attempts"
          value={attempts() ?? ""}
          commit={(text) => {
            const number = Number(text);
            if (!Number.isInteger(number) || number < 1 || number > 20)
              return `"${text}" is not a number from 1 to 20.`;
            props.set({ ...holder(), max_attempts: number });
            return null;
          }}
        />
      </Show>
    </>
  );
}
