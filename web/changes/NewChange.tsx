import { useNavigate } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { Checkbox } from "../ui/Checkbox.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

/** The form that opens a change from a branch that was pushed, and goes to it. */
export function NewChange(props: {
  projectId: string;
  base: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const navigate = useNavigate();
  const refs = createQuery(() => ({
    queryKey: ["refs", props.projectId],
    queryFn: () => api.files.refs.query({ projectId: props.projectId }),
  }));
  const [chosen, setChosen] = createSignal<string>();
  const [chosenBase, setChosenBase] = createSignal<string>();
  const [typed, setTyped] = createSignal<string>();
  const [body, setBody] = createSignal("");
  const [draft, setDraft] = createSignal(false);
  const [pending, setPending] = createSignal(false);
  const branches = () => refs.data?.refs.map((each) => each.name) ?? [];
  const base = () => chosenBase() ?? refs.data?.defaultBranch ?? "";
  const heads = () => branches().filter((name) => name !== base());
  const head = () => {
    const name = chosen();
    return name !== undefined && heads().includes(name) ? name : heads()[0];
  };
  // Until somebody types one, the last commit's first line is the title.
  const lastCommit = createQuery(() => ({
    queryKey: ["log", props.projectId, head() ?? "", "last"],
    queryFn: () => api.files.log.query({ projectId: props.projectId, ref: head() ?? "", limit: 1 }),
    enabled: head() !== undefined,
  }));
  const title = () => typed() ?? lastCommit.data?.commits[0]?.message.split("\n")[0]?.slice(0, 200) ?? "";
  const submit = async (from: string) => {
    setPending(true);
    try {
      const { number } = await api.changes.open.mutate({
        projectId: props.projectId,
        title: title().trim(),
        body: body(),
        head: from,
        base: base(),
        draft: draft(),
      });
      await queries.invalidateQueries({ queryKey: ["changes"] });
      navigate(`${props.base}/changes/${number}`);
    } catch (error) {
      toasts.fail("The change was not opened; your text is kept", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog
      wide
      open={props.open}
      onOpenChange={props.onOpenChange}
      title="New change"
      description="A pushed branch, to look at before it becomes part of another."
      footer={
        <>
          <Button variant="ghost" onClick={() => props.onOpenChange(false)}>
            Cancel
          </Button>
          <Button
            variant="primary"
            pending={pending()}
            disabled={head() === undefined || title().trim() === ""}
            onClick={() => {
              const from = head();
              if (from !== undefined) void submit(from);
            }}
          >
            Open change
          </Button>
        </>
      }
    >
      <Switch>
        <Match when={refs.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading the branches
          </p>
        </Match>
        <Match when={refs.error}>
          {(error) => <p class="text-failed">The branches could not be loaded: {error().message}</p>}
        </Match>
        <Match when={head() === undefined}>
          <p class="text-muted">
            There is no branch beside {base() || "the default one"}. Push one with git, or commit to a branch
            of its own; the settings of the project have the address and the token.
          </p>
        </Match>
        <Match when={head()}>
          {(from) => (
            <div class="flex flex-col gap-3">
              <div class="flex flex-wrap gap-3">
                <Select
                  class="min-w-0 flex-1"
                  label="Branch"
                  value={from()}
                  onChange={setChosen}
                  options={heads().map((name) => ({ value: name, label: name }))}
                />
                <Select
                  class="min-w-0 flex-1"
                  label="Into"
                  value={base()}
                  onChange={setChosenBase}
                  options={branches().map((name) => ({ value: name, label: name }))}
                />
              </div>
              <TextField label="Title" value={title()} onChange={setTyped} required />
              <TextField
                label="Text"
                multiline
                rows={6}
                value={body()}
                onChange={setBody}
                hint="What changes, and why. Markdown."
              />
              <Checkbox
                label="Draft"
                hint="It is shown, but cannot be merged until it is ready."
                checked={draft()}
                onChange={setDraft}
              />
              <Show when={base() === from()}>
                <p class="text-failed">A change into its own branch is empty.</p>
              </Show>
            </div>
          )}
        </Match>
      </Switch>
    </Dialog>
  );
}
