import { createTwoFilesPatch } from "diff";
import { createSignal, Show } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import { problemText } from "../../shared/workflow/problemText.ts";
import { useApi } from "../api.ts";
import type { Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { DiffView } from "../ui/DiffView.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Select } from "../ui/Select.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

export interface SaveWorkflowProps {
  project: Project;
  path: string;
  /** For a file that is new, so that its name can be chosen. */
  isNew: boolean;
  /** The text that the edits were made on; empty for a new file. */
  before: string;
  text: string;
  problems: readonly Problem[];
  onClose: () => void;
  /** Committed under this path, to the default branch or with a change of this number. */
  onSaved: (path: string, change?: number) => void;
  /** Somebody changed the file meanwhile; the edits stay and are on top of this text now. */
  onMoved: (theirs: string) => void;
}

type Way = "branch" | "change";

/** Commits the file to the default branch, or to a branch of its own with a change. Errors block, warnings do not. */
export function SaveWorkflow(props: SaveWorkflowProps) {
  const api = useApi();
  const toasts = useToasts();
  const [way, setWay] = createSignal<Way>("change");
  const [message, setMessage] = createSignal("");
  const [name, setName] = createSignal(props.path.split("/").at(-1) ?? "");
  const [pending, setPending] = createSignal(false);
  const [failure, setFailure] = createSignal<string | null>(null);
  const [theirs, setTheirs] = createSignal<string | null>(null);
  const error = () => props.problems.find((problem) => problem.severity === "error");
  const path = () => (props.isNew ? `.coder/workflows/${name()}` : props.path);
  const suggestion = () => `${props.isNew ? "Add" : "Change"} ${path()}`;

  /** The head to commit on; null when the file there is not the one that was edited. */
  const currentHead = async (): Promise<string | null> => {
    const { head } = await api.files.refs.query({ projectId: props.project.id });
    if (head === null) throw new Error("The repository has no commits yet");
    const now = await textAt(head);
    if (now === props.before) return head;
    setTheirs(now);
    return null;
  };
  const textAt = async (ref: string): Promise<string> => {
    try {
      return (await api.workflows.read.query({ projectId: props.project.id, path: path(), ref })).yaml;
    } catch (thrown) {
      if (toCoderError(thrown).code === "not_found") return "";
      throw thrown;
    }
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    setFailure(null);
    try {
      const head = await currentHead();
      if (head === null) return;
      const title = message().trim() === "" ? suggestion() : message().trim();
      const files = [{ path: path(), content: props.text, encoding: "utf8" as const }];
      const request = { projectId: props.project.id, message: title, files };
      if (way() === "branch") {
        await api.files.commit.mutate({
          ...request,
          branch: props.project.defaultBranch,
          expectedHead: head,
        });
        toasts.show({ text: `Committed to ${props.project.defaultBranch}.` });
        props.onSaved(path());
        return;
      }
      const stem = (path().split("/").at(-1) ?? "workflow")
        .replace(/\.[a-z]+$/, "")
        .replace(/[^a-z0-9-]+/gi, "-");
      const branch = `workflow/${stem}-${crypto.randomUUID().slice(0, 8)}`;
      await api.files.commit.mutate({ ...request, branch, expectedHead: null, base: head });
      const { number } = await api.changes.open.mutate({
        projectId: props.project.id,
        title,
        body: "",
        head: branch,
      });
      props.onSaved(path(), number);
    } catch (thrown) {
      setFailure(toCoderError(thrown).message);
    } finally {
      setPending(false);
    }
  };

  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && props.onClose()}
      title={theirs() === null ? "Save the workflow" : "Somebody changed this file"}
      description={
        theirs() === null
          ? path()
          : "Your edits are kept. This is how theirs differs from what you started on."
      }
      footer={
        <Show
          when={theirs() === null}
          fallback={
            <>
              <Button onClick={() => props.onClose()}>Cancel</Button>
              <Button variant="primary" onClick={() => props.onMoved(theirs() ?? "")}>
                Keep mine on top
              </Button>
            </>
          }
        >
          <Button onClick={() => props.onClose()}>Cancel</Button>
          <Button
            type="submit"
            form="save-workflow"
            variant="primary"
            pending={pending()}
            disabled={error() !== undefined}
          >
            {way() === "branch" ? `Commit to ${props.project.defaultBranch}` : "Open a change"}
          </Button>
        </Show>
      }
    >
      <Show
        when={theirs() === null}
        fallback={
          <DiffView patch={createTwoFilesPatch(`a/${path()}`, `b/${path()}`, props.before, theirs() ?? "")} />
        }
      >
        <form id="save-workflow" class="flex flex-col gap-4" onSubmit={(event) => void save(event)}>
          <Show when={error()}>
            {(problem) => (
              <p role="alert" class="rounded-control bg-failed-soft px-3 py-2 text-failed">
                {problemText(path(), problem())}. Correct it first.
              </p>
            )}
          </Show>
          <Show when={props.isNew}>
            <TextField
              label="File name"
              value={name()}
              onChange={setName}
              hint="In .coder/workflows, ending in .yaml"
              required
            />
          </Show>
          <Select
            label="Where"
            value={way()}
            onChange={setWay}
            options={[
              { value: "change", label: "A change to look at first" },
              { value: "branch", label: `Straight to ${props.project.defaultBranch}` },
            ]}
          />
          <TextField label="Message" value={message()} onChange={setMessage} placeholder={suggestion()} />
          <Show when={failure()}>
            {(text) => (
              <p role="alert" class="text-failed">
                Nothing was saved: {text()}
              </p>
            )}
          </Show>
        </form>
      </Show>
    </Dialog>
  );
}
