import { createSignal, Show } from "solid-js";
import { secretNameProblem } from "../../shared/secrets/secretName.ts";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { Checkbox } from "../ui/Checkbox.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Select } from "../ui/Select.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { toCoderError } from "../../shared/errors.ts";
import type { Secret, SecretScope } from "./Secrets.tsx";

export interface SecretDraft {
  name: string;
  environment: string;
  givenAs: Secret["givenAs"];
  /** The place is one that has a value. */
  replaces: boolean;
}

/** A list shows nothing for an empty value. */
const every = "*";
const environments = [
  { value: every, label: "Every environment" },
  { value: "preview", label: "Preview only" },
  { value: "prod", label: "Production only" },
];

/** The form that sets a secret or replaces its value. What is typed leaves with the request and is kept nowhere here. */
export function SetSecret(props: {
  scope: SecretScope;
  draft: SecretDraft;
  onClose: () => void;
  onSet: () => Promise<unknown>;
}) {
  const api = useApi();
  const toasts = useToasts();
  const [name, setName] = createSignal(props.draft.name);
  const [value, setValue] = createSignal("");
  const [environment, setEnvironment] = createSignal(props.draft.environment || every);
  const [seesValue, setSeesValue] = createSignal(props.draft.givenAs === "value");
  const [pending, setPending] = createSignal(false);
  const [error, setError] = createSignal<string | undefined>();
  const isFixed = () => props.draft.replaces || props.draft.name !== "";
  const title = () => {
    if (props.draft.replaces) return `Replace ${props.draft.name}`;
    return isFixed() ? `Set ${props.draft.name}` : "Add a secret";
  };
  const hasLines = () => /[\r\n]/.test(value().trim());
  const nameProblem = () => (name().trim() === "" ? undefined : secretNameProblem(name().trim()));
  const options = () =>
    environments.some((one) => one.value === environment())
      ? environments
      : [...environments, { value: environment(), label: `${environment()} only` }];
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    setError(undefined);
    try {
      await api.secrets.set.mutate({
        scope: props.scope,
        name: name().trim(),
        value: value(),
        environment: environment() === every ? "" : environment(),
        // Several lines cannot be put in by the proxy.
        givenAs: seesValue() || hasLines() ? "value" : "placeholder",
      });
      await props.onSet();
      toasts.show({
        text: props.draft.replaces ? `${name().trim()} has a new value.` : `${name().trim()} is set.`,
      });
      props.onClose();
    } catch (thrown) {
      setError(toCoderError(thrown).message);
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={title()}
      description="The value is sealed when it is saved. Nobody can read it here again."
      footer={
        <>
          <Button onClick={() => props.onClose()}>Cancel</Button>
          <Button
            type="submit"
            form="set-secret"
            variant="primary"
            pending={pending()}
            disabled={name().trim() === "" || nameProblem() !== undefined || value().trim() === ""}
          >
            Save
          </Button>
        </>
      }
    >
      <form id="set-secret" class="flex flex-col gap-4" onSubmit={(event) => void save(event)}>
        <Show when={!isFixed()}>
          <TextField
            label="Name"
            placeholder="NPM_TOKEN"
            autocomplete="off"
            autofocus
            value={name()}
            onChange={setName}
            error={nameProblem()}
            required
          />
        </Show>
        <TextField
          label="Value"
          multiline
          rows={4}
          autocomplete="off"
          hint="Paste it as it is, several lines too. Up to 64 kB."
          value={value()}
          onChange={setValue}
          error={error()}
          required
        />
        <Show when={props.scope.kind === "project" && !props.draft.replaces}>
          <Select
            label="Given to runs in"
            value={environment()}
            onChange={setEnvironment}
            options={options()}
          />
        </Show>
        <Checkbox
          label="Commands see the value itself"
          hint={
            hasLines()
              ? "Needed here: several lines cannot be put into a request for them."
              : "Otherwise they see a placeholder, and the value is put into their requests to allowed hosts. Needed to sign or decrypt with it."
          }
          checked={seesValue() || hasLines()}
          disabled={hasLines()}
          onChange={setSeesValue}
        />
      </form>
    </Dialog>
  );
}
