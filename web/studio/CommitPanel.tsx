import RotateCcw from "lucide-solid/icons/rotate-ccw";
import { createSignal, For, Show } from "solid-js";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { Studio } from "./createStudio.ts";

/** A message that says what differs, for when nothing was typed. */
export function suggestedMessage(changes: ReadonlyMap<string, string>): string {
  const paths = [...changes.keys()];
  const [first] = paths;
  if (first === undefined) return "";
  const verbs = { added: "Add", modified: "Change", deleted: "Delete" } as Record<string, string>;
  const kinds = new Set(changes.values());
  const verb = kinds.size === 1 ? (verbs[[...kinds][0] ?? ""] ?? "Change") : "Change";
  return paths.length === 1 ? `${verb} ${first}` : `${verb} ${paths.length} files`;
}

/** What differs from the last commit, and the way to commit it. */
export function CommitPanel(props: { studio: Studio; readOnly: boolean }) {
  const toasts = useToasts();
  const [message, setMessage] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    const done = await props.studio.commit(
      message().trim() === "" ? suggestedMessage(props.studio.changes()) : message().trim(),
    );
    setPending(false);
    if (done) setMessage("");
  };
  const revert = (path: string) => {
    const reverted = props.studio.session.revert(path);
    toasts.show({
      text: `${path} is as in the last commit.`,
      action: { label: "Undo", run: () => reverted.undo() },
    });
  };
  return (
    <section class="flex h-full min-h-0 flex-col" aria-label="Changes since the last commit">
      <header class="flex h-9 shrink-0 items-center border-b border-line px-3">
        <h2 class="text-xs font-medium text-muted">Not committed</h2>
      </header>
      <Show
        when={props.studio.changes().size > 0}
        fallback={
          <Show
            when={props.studio.state().kind !== "loading"}
            fallback={
              <p class="flex items-center gap-2 p-4 text-muted">
                <Spinner /> Reading the files
              </p>
            }
          >
            <EmptyState
              title="All is committed"
              text="What you change shows up here, kept in this browser until you commit it."
            />
          </Show>
        }
      >
        <ul class="min-h-0 flex-1 overflow-auto py-1">
          <For each={[...props.studio.changes()]}>
            {([path, kind]) => (
              <li class="flex h-8 items-center gap-2 pr-1 pl-3 text-sm hover:bg-hover">
                <button
                  type="button"
                  class="min-w-0 flex-1 truncate text-left"
                  disabled={kind === "deleted"}
                  onClick={() => {
                    props.studio.openFile(path);
                    props.studio.setShowsDifference(kind === "modified");
                  }}
                >
                  {path}
                </button>
                <span class="text-xs text-muted">{kind}</span>
                <Show when={!props.readOnly}>
                  <IconButton label={`Revert ${path}`} icon={<RotateCcw />} onClick={() => revert(path)} />
                </Show>
              </li>
            )}
          </For>
        </ul>
        <Show when={!props.readOnly}>
          <form onSubmit={(event) => void submit(event)} class="flex flex-col gap-2 border-t border-line p-3">
            <TextField
              label="Message"
              hideLabel
              value={message()}
              onChange={setMessage}
              placeholder={suggestedMessage(props.studio.changes())}
            />
            <Button type="submit" variant="secondary" pending={pending()}>
              Commit to {props.studio.project.defaultBranch}
            </Button>
          </form>
        </Show>
      </Show>
    </section>
  );
}
