import { For, Show, type JSX } from "solid-js";
import { languageSchema } from "../../shared/workflow/assist/languageSchema.ts";
import { FormFields } from "./FormFields.tsx";
import { InputsForm } from "./InputsForm.tsx";
import type { WorkflowForm } from "./workflowForm.ts";

/** Keys of the file that are not asked for here: the graph has triggers and steps, the rest is for machines. */
const elsewhere = ["$schema", "version", "project", "triggers", "steps"];
const groups = ["concurrency", "policies", "defaults"] as const;

const titles = { concurrency: "Concurrency", policies: "Policies", defaults: "Defaults" };

/** What a file says beside its triggers and steps: its name, inputs, concurrency, policies, defaults and outputs. */
export function SettingsForm(props: { form: WorkflowForm }) {
  const schemaOf = (key: string) => languageSchema().properties?.[key];
  return (
    <form
      class="flex flex-col gap-8 p-4"
      aria-label="Settings of the workflow"
      onSubmit={(event) => event.preventDefault()}
    >
      <fieldset class="contents" disabled={props.form.readOnly()}>
        <Part title="Workflow">
          <FormFields
            form={props.form}
            path={[]}
            schema={languageSchema()}
            without={[...elsewhere, ...groups, "inputs", "outputs"]}
          />
        </Part>
        <Part title="Inputs" text={schemaOf("inputs")?.description}>
          <InputsForm form={props.form} />
        </Part>
        <For each={groups}>
          {(key) => (
            <Part title={titles[key]} text={schemaOf(key)?.description}>
              <FormFields form={props.form} path={[key]} schema={schemaOf(key)} />
            </Part>
          )}
        </For>
        <Part title="Outputs">
          <FormFields
            form={props.form}
            path={[]}
            schema={{ properties: { outputs: schemaOf("outputs") ?? {} } }}
            without={[...elsewhere, ...groups, "inputs", "name", "description", "workflow_id"]}
          />
        </Part>
      </fieldset>
    </form>
  );
}

function Part(props: { title: string; text?: string | undefined; children: JSX.Element }) {
  return (
    <section class="flex min-w-0 flex-col gap-4" aria-label={props.title}>
      <header>
        <h2 class="text-base">{props.title}</h2>
        <Show when={props.text}>{(text) => <p class="text-muted">{text()}</p>}</Show>
      </header>
      {props.children}
    </section>
  );
}
