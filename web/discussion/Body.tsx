import { createSignal, Show } from "solid-js";
import { Button } from "../ui/Button.tsx";
import { Markdown } from "../ui/Markdown.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

/** Title and text of a change or an issue, and the form that edits them. */
export function Body(props: {
  title: string;
  body: string;
  mayWrite: boolean;
  /** Saves; throws if it was not saved. */
  onSave: (edit: { title: string; body: string }) => Promise<void>;
}) {
  const toasts = useToasts();
  const [editing, setEditing] = createSignal(false);
  const [title, setTitle] = createSignal("");
  const [body, setBody] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const begin = () => {
    setTitle(props.title);
    setBody(props.body);
    setEditing(true);
  };
  const save = async () => {
    setPending(true);
    try {
      await props.onSave({ title: title().trim(), body: body() });
      setEditing(false);
    } catch (error) {
      toasts.fail("The text was not saved", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Show
      when={editing()}
      fallback={
        <div class="flex items-start gap-2 rounded-panel border border-line bg-surface py-2 pr-2 pl-4">
          <div class="min-w-0 flex-1 py-1.5">
            <Show when={props.body.trim() !== ""} fallback={<p class="text-muted">No text.</p>}>
              <Markdown text={props.body} />
            </Show>
          </div>
          <Show when={props.mayWrite}>
            <Button variant="ghost" onClick={begin}>
              Edit
            </Button>
          </Show>
        </div>
      }
    >
      <form
        class="flex flex-col gap-3 rounded-panel border border-line bg-surface p-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField label="Title" value={title()} onChange={setTitle} required autofocus />
        <TextField label="Text" multiline rows={8} value={body()} onChange={setBody} />
        <div class="flex justify-end gap-2">
          <Button variant="ghost" onClick={() => setEditing(false)}>
            Cancel
          </Button>
          <Button type="submit" pending={pending()} disabled={title().trim() === ""}>
            Save
          </Button>
        </div>
      </form>
    </Show>
  );
}
