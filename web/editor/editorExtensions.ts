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
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
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
import {
  workflowCompletions,
  workflowLanguage,
  workflowPath,
  type WorkflowLanguageOptions,
} from "./workflowLanguage.ts";

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

export interface EditorOptions {
  path: string;
  readOnly: boolean;
  /** For files of workflows: what is known beside the file. */
  workflow?: Omit<WorkflowLanguageOptions, "path"> | undefined;
}

/** Everything that an editor of a file has: looks, keys, its language and, for a workflow, what helps to write one. */
export function editorExtensions({ path, readOnly, workflow }: EditorOptions): Extension[] {
  const language = workflowPath.test(path) ? workflow : undefined;
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
    autocompletion(language === undefined ? {} : { override: [workflowCompletions(language.known)] }),
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
    language === undefined ? [] : workflowLanguage({ path, ...language }),
  ];
}
