import { useQueryClient } from "@tanstack/solid-query";
import { createSignal, For, Show } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { Markdown } from "../ui/Markdown.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

type Comment = Outputs["issues"]["get"]["timeline"][number];

/** What was said on a change or an issue, oldest first, and the field that says more. */
export function Timeline(props: {
  projectId: string;
  number: number;
  comments: readonly Comment[];
  mayWrite: boolean;
}) {
  return (
    <section aria-label="Comments" class="flex flex-col gap-3">
      <For each={props.comments}>
        {(comment) => (
          <article class="overflow-hidden rounded-panel border border-line bg-surface">
            <header class="border-b border-line px-4 py-2 text-xs text-muted">
              <span class="font-medium text-text">{comment.createdBy ?? "Coder"}</span>{" "}
              <RelativeTime at={comment.createdAt} />
            </header>
            <div class="p-4">
              <Markdown text={comment.body} />
            </div>
          </article>
        )}
      </For>
      <Show when={props.mayWrite}>
        <NewComment projectId={props.projectId} number={props.number} />
      </Show>
    </section>
  );
}

function NewComment(props: { projectId: string; number: number }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [text, setText] = createSignal("");
  const [pending, setPending] = createSignal(false);
  // One id an intent: sent twice, it is one comment.
  let intent = crypto.randomUUID();
  const send = async () => {
    if (text().trim() === "" || pending()) return;
    setPending(true);
    try {
      await api.issues.comment.mutate({
        id: intent,
        projectId: props.projectId,
        number: props.number,
        body: text(),
      });
      intent = crypto.randomUUID();
      setText("");
      await queries.invalidateQueries();
    } catch (error) {
      toasts.fail("The comment was not sent; your text is kept", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <form
      class="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <TextField
        label="Comment"
        multiline
        rows={3}
        value={text()}
        onChange={setText}
        hint="Markdown: **bold**, `code`, lists, links. Ctrl Enter sends."
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
        }}
      />
      <div class="flex justify-end">
        <Button type="submit" pending={pending()} disabled={text().trim() === ""}>
          Comment
        </Button>
      </div>
    </form>
  );
}
