import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { css } from "@codemirror/lang-css";
import { html } from "@codemirror/lang-html";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { vue } from "@codemirror/lang-vue";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { linter, lintGutter, lintKeymap, type Diagnostic } from "@codemirror/lint";
import { MergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, type Extension, type StateEffect, type Text } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { svelte } from "@replit/codemirror-lang-svelte";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";

/** CodeMirror (https://codemirror.net) as the Studio uses it. Loaded when the first file is opened. */

const theme = EditorView.theme({
  "&": {
    height: "100%",
    fontSize: "13px",
    color: "var(--color-text)",
    backgroundColor: "var(--color-surface)",
  },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6" },
  ".cm-gutters": { backgroundColor: "var(--color-surface)", color: "var(--color-muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--color-hover)" },
  "&.cm-focused .cm-cursor": { borderLeftColor: "var(--color-text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--color-accent-soft)",
  },
  ".cm-panels": {
    backgroundColor: "var(--color-bg)",
    color: "var(--color-text)",
    borderColor: "var(--color-line)",
  },
  ".cm-textfield, .cm-button": {
    fontFamily: "var(--font-sans)",
    borderRadius: "6px",
    backgroundImage: "none",
    backgroundColor: "var(--color-surface)",
    border: "1px solid var(--color-line-strong)",
    color: "inherit",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--color-raised)",
    border: "1px solid var(--color-line)",
    borderRadius: "6px",
  },
  ".cm-searchMatch": { backgroundColor: "var(--color-waiting-soft)" },
  "&.cm-focused": { outline: "none" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--color-syntax-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--color-syntax-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--color-syntax-number)" },
  {
    tag: [
      tags.definition(tags.variableName),
      tags.function(tags.variableName),
      tags.propertyName,
      tags.attributeName,
    ],
    color: "var(--color-syntax-name)",
  },
  { tag: [tags.typeName, tags.className, tags.tagName, tags.heading], color: "var(--color-syntax-type)" },
  { tag: [tags.comment, tags.meta], color: "var(--color-syntax-comment)" },
  { tag: tags.link, textDecoration: "underline" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
]);

function languageOf(path: string): Extension {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  switch (ending) {
    case "ts":
    case "mts":
    case "cts":
      return javascript({ typescript: true });
    case "tsx":
      return javascript({ typescript: true, jsx: true });
    case "js":
    case "mjs":
    case "cjs":
    case "jsx":
      return javascript({ jsx: true });
    case "css":
      return css();
    case "html":
      return html();
    case "json":
      return json();
    case "md":
      return markdown();
    case "yaml":
    case "yml":
      return yaml();
    case "vue":
      return vue();
    case "svelte":
      return svelte();
    default:
      return [];
  }
}

function offsetOf(text: Text, line: number, column: number): number {
  const at = text.line(Math.max(1, Math.min(line, text.lines)));
  return Math.min(at.from + Math.max(0, column - 1), at.to);
}

/** The linter of workflow files: the same that runs in the CLI, at push and at start. */
function workflowProblems(path: string): Extension {
  if (!/^\.coder\/workflows\/[^/]+\.ya?ml$/.test(path)) return [];
  return [
    lintGutter(),
    linter((view): Diagnostic[] => {
      const text = view.state.doc;
      return parseWorkflow(text.toString(), { path }).problems.map((problem) => ({
        from: offsetOf(text, problem.line, problem.column),
        to: offsetOf(text, problem.endLine ?? problem.line, problem.endColumn ?? problem.column + 1),
        severity: problem.severity,
        message: problem.hint === undefined ? problem.message : `${problem.message} ${problem.hint}`,
        source: problem.code,
      }));
    }),
  ];
}

function basics(path: string, readOnly: boolean): Extension[] {
  return [
    lineNumbers(),
    foldGutter(),
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    search({ top: true }),
    syntaxHighlighting(colours),
    theme,
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
    EditorState.readOnly.of(readOnly),
    // The index says to everybody, assistive tools too, that the scrolled text is reached by Tab.
    EditorView.contentAttributes.of({ "aria-label": `Editor of ${path}`, tabindex: "0" }),
    languageOf(path),
    workflowProblems(path),
  ];
}

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
): CodeEditor {
  const states = new Map<string, { state: EditorState; scroll: StateEffect<unknown> }>();
  let shown: string | undefined;
  const view = new EditorView({ parent });
  const report = EditorView.updateListener.of((update) => {
    if (!update.docChanged || shown === undefined) return;
    if (update.transactions.some((transaction) => transaction.annotation(fromOutside))) return;
    onEdit(shown, update.state.doc.toString());
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
        known?.state ?? EditorState.create({ doc: text, extensions: [...basics(path, readOnly), report] }),
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
  const side = (text: string) => ({ doc: text, extensions: basics(file.path, true) });
  const view = new MergeView({ a: side(file.before), b: side(file.after), parent, collapseUnchanged: {} });
  return () => view.destroy();
}
