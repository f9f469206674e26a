import type { CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { linter, lintGutter, type Action, type Diagnostic } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import { EditorView, hoverTooltip } from "@codemirror/view";
import type { Completion } from "../../shared/workflow/assist/completeWorkflow.ts";
import type { KeyDescription } from "../../shared/workflow/assist/describeWorkflow.ts";
import type { KnownNames } from "../../shared/workflow/assist/namesAtPlace.ts";
import { lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import { correctionChange, correctionOf } from "./correction.ts";

/** CodeMirror's side of the workflow language: completion, hover, squiggles and corrections. */

export const workflowPath = /^\.coder\/workflows\/[^/]+\.(?:ya?ml|json)$/;

export interface WorkflowLanguageOptions {
  path: string;
  /** What is known when it is asked; may change. */
  known: () => KnownNames & { secretsKnown: boolean };
  /** Told after each look, in order of place. */
  onProblems?: (problems: readonly Problem[]) => void;
}

/** Milliseconds without a keystroke before a file is looked at. */
const quietMs = 250;

export function workflowLanguage(options: WorkflowLanguageOptions): Extension[] {
  return [lintGutter(), problems(options), hover, hoverTheme];
}

/** For the editor's own `autocompletion`: the reader of half-written YAML is loaded with the first question. */
export function workflowCompletions(known: () => KnownNames): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const before = context.matchBefore(/[\w$.:*/@-]+|\[["']?/);
    const behindKey = context.matchBefore(/(?::|-|\[|,|\{)\s+/);
    if (!context.explicit && before === null && behindKey === null) return null;
    const { completeWorkflow } = await import("../../shared/workflow/assist/completeWorkflow.ts");
    const found = completeWorkflow(context.state.doc.toString(), context.pos, known());
    if (found === null || context.aborted) return null;
    return { from: found.from, options: found.options.map(toOption), validFor: /^[\w$:/-]*$/ };
  };
}

const optionTypes = { key: "property", value: "enum", name: "variable" } as const;

function toOption(completion: Completion) {
  const { label, insert, kind, detail, info } = completion;
  return {
    label,
    apply: insert,
    type: optionTypes[kind],
    ...(detail === undefined ? {} : { detail }),
    ...(info === undefined ? {} : { info }),
  };
}

export function offsetOf(text: Text, line: number, column: number): number {
  const at = text.line(Math.max(1, Math.min(line, text.lines)));
  return Math.min(at.from + Math.max(0, column - 1), at.to);
}

/** The linter that also runs in the CLI, at push and at start. */
function problems({ path, known, onProblems }: WorkflowLanguageOptions): Extension {
  return linter(
    (view): Diagnostic[] => {
      const { secrets, secretsKnown } = known();
      const found = lintWorkflow(view.state.doc.toString(), { path, ...(secretsKnown ? { secrets } : {}) });
      onProblems?.(found);
      return found.map((problem) => toDiagnostic(view.state.doc, problem));
    },
    { delay: quietMs },
  );
}

/** The offsets of what a problem marks. */
export function rangeOf(text: Text, problem: Problem): { from: number; to: number } {
  const from = offsetOf(text, problem.line, problem.column);
  const to = offsetOf(text, problem.endLine ?? problem.line, problem.endColumn ?? problem.column + 1);
  return { from, to: Math.max(from, to) };
}

function toDiagnostic(text: Text, problem: Problem): Diagnostic {
  return {
    ...rangeOf(text, problem),
    severity: problem.severity,
    message: problem.hint === undefined ? problem.message : `${problem.message} (${problem.hint})`,
    source: problem.code,
    actions: correctionActions(problem),
  };
}

function correctionActions(problem: Problem): Action[] {
  const correction = correctionOf(problem);
  if (correction === undefined) return [];
  return [
    {
      name: `Change to ${correction}`,
      apply: (view, from, to) =>
        view.dispatch({
          changes: correctionChange(view.state.doc.toString(), { from, to }, correction),
          userEvent: "input.correct",
        }),
    },
  ];
}

const hover = hoverTooltip(async (view, position) => {
  const { describeWorkflow } = await import("../../shared/workflow/assist/describeWorkflow.ts");
  const description = describeWorkflow(view.state.doc.toString(), position);
  if (description === null) return null;
  return { pos: position, above: true, create: () => ({ dom: describedElement(description) }) };
});

function describedElement(description: KeyDescription): HTMLElement {
  const box = document.createElement("div");
  box.className = "cm-key-description";
  const line = (text: string, className: string): void => {
    const element = document.createElement("div");
    element.className = className;
    element.textContent = text;
    box.append(element);
  };
  line(`${description.title}: ${description.type}`, "cm-key-title");
  if (description.text !== "") line(description.text, "cm-key-text");
  if (description.values.length > 0) line(description.values.join(" | "), "cm-key-values");
  if (description.default !== undefined) line(`Default: ${description.default}`, "cm-key-values");
  return box;
}

const hoverTheme = EditorView.baseTheme({
  ".cm-key-description": {
    maxWidth: "420px",
    padding: "8px 12px",
    fontFamily: "var(--font-sans)",
    fontSize: "13px",
  },
  ".cm-key-title": { fontFamily: "var(--font-mono)", fontSize: "12px", color: "var(--color-muted)" },
  ".cm-key-values": { fontFamily: "var(--font-mono)", fontSize: "12px", paddingTop: "4px" },
});
