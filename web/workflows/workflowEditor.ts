import { isolateHistory, redo, undo } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type { TextChange } from "../../shared/workflow/edit/textChanges.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import { correctionChange } from "../editor/correction.ts";
import { editorExtensions, type EditorOptions } from "../editor/editorExtensions.ts";
import { offsetOf, rangeOf } from "../editor/workflowLanguage.ts";

/** The YAML beside the graph. Its undo history is the page's: the builder's edits are steps of it. */
export interface WorkflowEditor {
  /** Makes the builder's edit, one step of undo. */
  apply(changes: readonly TextChange[]): void;
  /** Puts a correction in the place of what a problem marks, one step of undo. */
  correct(problem: Problem, correction: string): void;
  /** Replaces everything, one step of undo. */
  replace(text: string): void;
  undo(): void;
  redo(): void;
  /** Puts the cursor at a place, 1-based; takes the focus if asked. */
  reveal(place: { line: number; column?: number; focus?: boolean }): void;
  destroy(): void;
}

export interface WorkflowEditorOptions extends EditorOptions {
  text: string;
  onText: (text: string) => void;
}

export function makeWorkflowEditor(parent: HTMLElement, options: WorkflowEditorOptions): WorkflowEditor {
  const report = EditorView.updateListener.of((update) => {
    if (update.docChanged) options.onText(update.state.doc.toString());
  });
  const view = new EditorView({
    parent,
    state: EditorState.create({ doc: options.text, extensions: [...editorExtensions(options), report] }),
  });
  const change = (changes: readonly TextChange[]): void =>
    view.dispatch({
      changes: [...changes],
      annotations: isolateHistory.of("full"),
      userEvent: "input.builder",
      scrollIntoView: false,
    });
  return {
    apply: change,
    correct(problem, correction) {
      const { doc } = view.state;
      change([correctionChange(doc.toString(), rangeOf(doc, problem), correction)]);
    },
    replace: (text) => change([{ from: 0, to: view.state.doc.length, insert: text }]),
    undo: () => void undo(view),
    redo: () => void redo(view),
    reveal({ line, column = 1, focus = false }) {
      const at = offsetOf(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      if (focus) view.focus();
    },
    destroy: () => view.destroy(),
  };
}
