import { useNavigate } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { useApi, type Outputs } from "../api.ts";
import type { Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { Checkbox } from "../ui/Checkbox.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Select } from "../ui/Select.tsx";
import { TextField } from "../ui/TextField.tsx";
import { initialInputs, readInputs, type InputTexts } from "./inputs.ts";

type Workflow = Outputs["workflows"]["list"][number];

export interface RunWorkflowProps {
  workflow: Workflow;
  project: Project;
  /** `/:org/:project` */
  base: string;
  onClose: () => void;
}

/** Asks for a workflow's inputs and its branch, starts it and goes to the run. */
export function RunWorkflow(props: RunWorkflowProps) {
  const api = useApi();
  const navigate = useNavigate();
  // Made once per dialog: a press repeated after a lost answer is the same run.
  const runId = crypto.randomUUID();
  const [texts, setTexts] = createSignal<InputTexts>(initialInputs(props.workflow.inputs));
  const [ref, setRef] = createSignal(props.project.defaultBranch);
  const [dryRun, setDryRun] = createSignal(false);
  const [pending, setPending] = createSignal(false);
  const [failure, setFailure] = createSignal<string | null>(null);
  const [errors, setErrors] = createSignal<Record<string, string>>({});
  const refs = createQuery(() => ({
    queryKey: ["refs", props.project.id],
    queryFn: () => api.files.refs.query({ projectId: props.project.id }),
  }));
  const branches = () => [
    ...new Set([
      props.project.defaultBranch,
      ...(refs.data?.refs.map((each) => each.name.replace(/^refs\/heads\//, "")) ?? []),
    ]),
  ];
  const set = (name: string, text: string) => setTexts((before) => ({ ...before, [name]: text }));

  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    const read = readInputs(props.workflow.inputs, texts());
    setErrors(read.errors);
    if (Object.keys(read.errors).length > 0) return;
    setPending(true);
    setFailure(null);
    try {
      const { number } = await api.runs.start.mutate({
        id: runId,
        projectId: props.project.id,
        workflowPath: props.workflow.path,
        ref: ref(),
        inputs: read.values,
        dryRun: dryRun(),
      });
      props.onClose();
      navigate(`${props.base}/runs/${number}`);
    } catch (error) {
      setFailure(toCoderError(error).message);
    } finally {
      setPending(false);
    }
  };

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={`Run ${props.workflow.name}`}
      description={props.workflow.path}
      footer={
        <>
          <Button onClick={() => props.onClose()}>Cancel</Button>
          <Button type="submit" form="run-workflow" variant="primary" pending={pending()}>
            Run
          </Button>
        </>
      }
    >
      <form id="run-workflow" class="flex flex-col gap-4" onSubmit={(event) => void start(event)}>
        <Select
          label="Branch"
          value={ref()}
          onChange={setRef}
          options={branches().map((branch) => ({ value: branch, label: branch }))}
        />
        <For each={props.workflow.inputs}>
          {(input) => (
            <Switch
              fallback={
                <TextField
                  label={input.name}
                  required={input.required}
                  hint={input.description ?? undefined}
                  error={errors()[input.name]}
                  value={texts()[input.name] ?? ""}
                  onChange={(text) => set(input.name, text)}
                />
              }
            >
              <Match when={input.type === "boolean"}>
                <Checkbox
                  label={input.name}
                  hint={input.description ?? undefined}
                  checked={texts()[input.name] === "true"}
                  onChange={(checked) => set(input.name, String(checked))}
                />
              </Match>
              <Match when={input.type === "choice"}>
                <Select
                  label={input.name}
                  value={texts()[input.name] ?? ""}
                  onChange={(value) => set(input.name, value)}
                  options={input.options.map((option) => ({ value: option, label: option }))}
                />
              </Match>
            </Switch>
          )}
        </For>
        <Checkbox
          label="Dry run"
          hint="Everything up to the first effect outside the sandbox: nothing is deployed, pushed or sent."
          checked={dryRun()}
          onChange={setDryRun}
        />
        <Show when={failure()}>
          {(message) => (
            <p role="alert" class="text-failed">
              {message()}
            </p>
          )}
        </Show>
      </form>
    </Dialog>
  );
}
