import ArrowDown from "lucide-solid/icons/arrow-down";
import ArrowUp from "lucide-solid/icons/arrow-up";
import Copy from "lucide-solid/icons/copy";
import Trash from "lucide-solid/icons/trash-2";
import { createMemo, For, Show } from "solid-js";
import { Checkbox } from "../ui/Checkbox.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { CommittedField } from "./CommittedField.tsx";
import { FormFields } from "./FormFields.tsx";
import { kindOf } from "./formFields.ts";
import { FormHead } from "./FormHead.tsx";
import { problemAt, problemInWords, type WorkflowForm } from "./workflowForm.ts";
import type { StepModel } from "./workflowGraph.ts";

export interface StepFormProps {
  form: WorkflowForm;
  step: StepModel;
  steps: readonly StepModel[];
  onRemove: () => void;
  onClose: () => void;
}

/** Everything about one step, by the language's schema. */
export function StepForm(props: StepFormProps) {
  const kind = createMemo(() => kindOf("steps", props.step.type));
  const index = () => props.step.index;
  const edit = () => props.form.edit;
  return (
    <form
      class="flex flex-col gap-4 p-4"
      aria-label={`Step ${props.step.id}`}
      onSubmit={(event) => event.preventDefault()}
    >
      <FormHead title={props.step.name} kind={props.step.type} onClose={props.onClose}>
        <Show when={!props.form.readOnly()}>
          <IconButton
            label="Move up"
            keys="Alt+ArrowUp"
            icon={<ArrowUp aria-hidden="true" />}
            disabled={index() === 0}
            onClick={() => edit()({ kind: "moveStep", index: index(), to: index() - 1 })}
          />
          <IconButton
            label="Move down"
            keys="Alt+ArrowDown"
            icon={<ArrowDown aria-hidden="true" />}
            disabled={index() === props.steps.length - 1}
            onClick={() => edit()({ kind: "moveStep", index: index(), to: index() + 1 })}
          />
          <IconButton
            label="Duplicate"
            icon={<Copy aria-hidden="true" />}
            onClick={() => edit()({ kind: "duplicateStep", index: index() })}
          />
          <IconButton
            label="Delete"
            icon={<Trash aria-hidden="true" />}
            disabled={props.steps.length === 1}
            onClick={() => props.onRemove()}
          />
        </Show>
      </FormHead>
      <fieldset class="contents" disabled={props.form.readOnly()}>
        <CommittedField
          label="step_id"
          hint="What needs and expressions call it; they follow when it changes."
          error={idProblem(props)}
          value={props.step.id}
          commit={(id) => {
            if (id.trim() === "") return "A step has a name of at least one character.";
            if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(id))
              return "Start with a letter or _, go on with letters, digits, _ or -.";
            edit()({ kind: "renameStep", index: index(), id });
            return null;
          }}
        />
        <Needs {...props} />
        <FormFields
          form={props.form}
          path={["steps", index()]}
          schema={kind()}
          without={["step_id", "needs"]}
        />
      </fieldset>
    </form>
  );
}

function idProblem({ form, step }: StepFormProps): string | undefined {
  const problem = problemAt(form.findings(), ["steps", step.index, "step_id"]);
  return problem?.severity === "error" ? problemInWords(problem) : undefined;
}

function Needs(props: StepFormProps) {
  const others = () => props.steps.filter((step) => step.index !== props.step.index);
  const problem = () => problemAt(props.form.findings(), ["steps", props.step.index, "needs"]);
  const toggle = (id: string, needed: boolean) => {
    const before = props.step.needs.filter((need) => need !== id);
    const needs = needed ? [...before, id] : before;
    props.form.edit({ kind: "setNeeds", index: props.step.index, needs });
  };
  return (
    <Show when={others().length > 0}>
      <fieldset class="flex max-h-60 flex-col gap-2 overflow-y-auto" disabled={props.form.readOnly()}>
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
        <Show when={problem()}>
          {(found) => <p class="text-xs text-failed">{problemInWords(found())}</p>}
        </Show>
      </fieldset>
    </Show>
  );
}
