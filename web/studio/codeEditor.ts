import { MergeView } from "@codemirror/merge";
import { Annotation, EditorState, type StateEffect, type Transaction } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { offsetOf } from "../editor/workflowLanguage.ts";
import { editorExtensions, type EditorOptions } from "../editor/editorExtensions.ts";

/** Marks text that came from outside, so that it is not reported as an edit. */
const fromOutside = Annotation.define<boolean>();

export interface CodeEditor {
  /** Shows a file, with its own undo history and cursor as it was left. */
  show(file: { path: string; text: string; readOnly: boolean }): void;
  /** The file was changed elsewhere: the text is replaced, the cursor stays. */
  replace(path: string, text: string): void;
  /** Forgets a file that was closed. */
  forget(path: string): void;
  /** Selects `length` characters from a place, 1-based, and takes the focus. Line 0 only takes the focus. */
  goTo(place: { line: number; column?: number | undefined; length?: number | undefined }): void;
  focus(): void;
  destroy(): void;
}

/** An editor in `parent`; disposed of by its caller. */
export function makeCodeEditor(
  parent: HTMLElement,
  onEdit: (path: string, text: string) => void,
  workflow: EditorOptions["workflow"],
): CodeEditor {
  const states = new Map<string, { state: EditorState; scroll: StateEffect<unknown> }>();
  let shown: string | undefined;
  /** What is being reported: the view has it a moment later. */
  let coming: string | undefined;
  const report = (transactions: readonly Transaction[]): void => {
    const last = transactions.at(-1);
    if (last === undefined || shown === undefined || !transactions.some((each) => each.docChanged)) return;
    if (transactions.some((transaction) => transaction.annotation(fromOutside))) return;
    coming = last.newDoc.toString();
    onEdit(shown, coming);
  };
  const view = new EditorView({
    parent,
    // Reported before it is drawn, which takes a while: the preview is made meanwhile.
    dispatchTransactions(transactions, self) {
      try {
        report(transactions);
      } finally {
        coming = undefined;
        self.update(transactions);
      }
    },
  });
  const keep = () => {
    if (shown !== undefined) states.set(shown, { state: view.state, scroll: view.scrollSnapshot() });
  };
  return {
    show({ path, text, readOnly }) {
      keep();
      shown = path;
      const known = states.get(path);
      view.setState(
        known?.state ??
          EditorState.create({
            doc: text,
            extensions: editorExtensions({ path, readOnly, workflow }),
          }),
      );
      if (known === undefined) view.scrollDOM.scrollTo(0, 0);
      else view.dispatch({ effects: known.scroll });
      this.replace(path, text);
    },
    replace(path, text) {
      if (path !== shown) {
        states.delete(path);
        return;
      }
      if (coming !== undefined) {
        if (text !== coming) queueMicrotask(() => this.replace(path, text));
        return;
      }
      const before = view.state.doc.toString();
      if (before === text) return;
      // Only the middle that differs, so that the cursor and the scroll stay where they are.
      let from = 0;
      while (from < before.length && from < text.length && before[from] === text[from]) from += 1;
      let tail = 0;
      while (
        tail < before.length - from &&
        tail < text.length - from &&
        before.at(-1 - tail) === text.at(-1 - tail)
      )
        tail += 1;
      view.dispatch({
        changes: { from, to: before.length - tail, insert: text.slice(from, text.length - tail) },
        annotations: fromOutside.of(true),
      });
    },
    forget(path) {
      states.delete(path);
      if (shown === path) shown = undefined;
    },
    goTo({ line, column = 1, length = 0 }) {
      if (line > 0) {
        const at = offsetOf(view.state.doc, line, column);
        const head = Math.min(at + length, view.state.doc.length);
        view.dispatch({
          selection: { anchor: at, head },
          effects: EditorView.scrollIntoView(at, { y: "center" }),
        });
      }
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** The file in the commit beside the file now. Returns the function that takes it away. */
export function showDiff(
  parent: HTMLElement,
  file: { path: string; before: string; after: string },
): () => void {
  const side = (text: string) => ({
    doc: text,
    extensions: editorExtensions({ path: file.path, readOnly: true }),
  });
  const view = new MergeView({ a: side(file.before), b: side(file.after), parent, collapseUnchanged: {} });
  return () => view.destroy();
}
