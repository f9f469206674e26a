import { createMemo, createSignal, onCleanup } from "solid-js";
import { useToasts } from "../ui/Toast.tsx";
import { loadDraft, saveDraft } from "./savedDraft.ts";
import { readModel, type WorkflowModel } from "./workflowGraph.ts";

export interface WorkflowDraft {
  text: () => string;
  /** Tells what the editor holds now. */
  edited: (text: string) => void;
  /** What the repository has. */
  base: () => string;
  dirty: () => boolean;
  model: () => WorkflowModel;
  /** The text is in a commit now. */
  saved: () => void;
  /** The repository has another text; the edits stay. */
  rebase: (theirs: string) => void;
  /** Set by the editor: puts another text into it. */
  onReplace: (replace: (text: string) => void) => void;
}

export interface WorkflowDraftOptions {
  projectId: string;
  path: string;
  /** The text in the repository; empty for a new file. */
  base: string;
  /** What is shown at first where nothing was kept. */
  start: string;
}

/** Characters; reading so many takes a few milliseconds. */
const readAtOnce = 30_000;
const pauseMs = 200;

/** The text being edited, kept in this browser until it is committed, and what it means. */
export function createWorkflowDraft(options: WorkflowDraftOptions): WorkflowDraft {
  const toasts = useToasts();
  const place = { projectId: options.projectId, path: options.path };
  const kept = loadDraft(place);
  const [base, setBase] = createSignal(options.base);
  const [text, setText] = createSignal(kept?.text ?? options.start);
  let replace: ((text: string) => void) | undefined;
  const keep = () => saveDraft(place, { base: base(), text: text() });
  const discard = () => replace?.(options.start);
  if (kept !== null && kept.text !== options.start) {
    const moved = kept.base === options.base ? "" : " The file has changed in the repository meanwhile.";
    toasts.show({
      text: `Edits that were not saved are back.${moved}`,
      action: { label: "Discard them", run: discard },
    });
  }
  // A text of a usual size is read at once; a large one when the typing pauses, so that no key waits for it.
  const [readText, setReadText] = createSignal(text());
  let pause: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(pause));
  const read = (next: string) => {
    clearTimeout(pause);
    if (next.length <= readAtOnce) setReadText(next);
    else pause = setTimeout(() => setReadText(next), pauseMs);
  };
  const model = createMemo<WorkflowModel>((before) => readModel(readText(), { path: options.path, before }));
  return {
    text,
    edited(next) {
      setText(next);
      read(next);
      keep();
    },
    base,
    dirty: () => text() !== base(),
    model,
    saved() {
      setBase(text());
      keep();
    },
    rebase(theirs) {
      setBase(theirs);
      keep();
    },
    onReplace: (next) => (replace = next),
  };
}
