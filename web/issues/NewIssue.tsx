import { useNavigate } from "@solidjs/router";
import { useQueryClient } from "@tanstack/solid-query";
import { createSignal } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

/** The form that opens an issue and goes to it. What was typed is kept until it is opened. */
export function NewIssue(props: {
  projectId: string;
  base: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const navigate = useNavigate();
  const [title, setTitle] = createSignal("");
  const [body, setBody] = createSignal("");
  const [labels, setLabels] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const intent = crypto.randomUUID();
  const submit = async () => {
    setPending(true);
    try {
      const { number } = await api.issues.open.mutate({
        id: intent,
        projectId: props.projectId,
        title: title().trim(),
        body: body(),
        labels: [
          ...new Set(
            labels()
              .split(",")
              .map((label) => label.trim()),
          ),
        ].filter((label) => label !== ""),
      });
      await queries.invalidateQueries({ queryKey: ["issues"] });
      navigate(`${props.base}/issues/${number}`);
    } catch (error) {
      toasts.fail("The issue was not opened; your text is kept", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog
      wide
      open={props.open}
      onOpenChange={props.onOpenChange}
      title="New issue"
      description="Something to fix, to build or to talk about. Workflows can answer to it."
      footer={
        <>
          <Button variant="ghost" onClick={() => props.onOpenChange(false)}>
            Cancel
          </Button>
          <Button
            variant="primary"
            pending={pending()}
            disabled={title().trim() === ""}
            onClick={() => void submit()}
          >
            Open issue
          </Button>
        </>
      }
    >
      <form
        class="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (title().trim() !== "") void submit();
        }}
      >
        <TextField label="Title" value={title()} onChange={setTitle} required autofocus />
        <TextField
          label="Text"
          multiline
          rows={8}
          value={body()}
          onChange={setBody}
          hint="Markdown: **bold**, `code`, lists, links."
        />
        <TextField label="Labels" value={labels()} onChange={setLabels} placeholder="bug, urgent" />
      </form>
    </Dialog>
  );
}
