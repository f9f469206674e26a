import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node, YAMLError } from "yaml";
import type { Problem, ProblemCode } from "./problem.ts";

/**
 * The text of a workflow file with the way back from a value to its place. YAML 1.2 core schema; JSON is a subset.
 * Hostile files are refused here: size, encoding, aliases that multiply, nesting that would exhaust the stack.
 */

export const maxBytes = 1_000_000;
const maxDepth = 60;
/** Nodes that aliases may add in all; a workflow shares a few blocks, a bomb makes millions. */
const maxAliasCount = 1000;

/** Keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** What of a path is meant: the value, or the key that names it. */
export type Part = "value" | "key";

/** A place for a problem; `offset` and `length` narrow it to a part of a scalar's text. */
export interface Place {
  path: Path;
  part?: Part;
  within?: { text: string; start: number; end: number };
}

export interface WorkflowSource {
  /** Plain JSON with aliases resolved. */
  value: unknown;
  problem(
    code: ProblemCode,
    message: string,
    at: Place & { hint?: string | undefined; warning?: boolean },
  ): Problem;
}

export type ReadResult = { ok: true; source: WorkflowSource } | { ok: false; problems: Problem[] };

/** Reads YAML or JSON into a value with positions; every problem of this level is an error. */
export function readWorkflowSource(input: string | Uint8Array): ReadResult {
  const text = decode(input);
  if (typeof text !== "string") return { ok: false, problems: [text] };
  const lines = new LineCounter();
  try {
    const tooDeep = findTooDeep(text);
    if (tooDeep !== undefined) return refuse(tooDeep, lines.linePos(0));
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const errors = [...document.errors, ...document.warnings];
    if (errors.length > 0) return { ok: false, problems: errors.map((error) => syntaxProblem(error, lines)) };
    if (!isMap(document.contents)) return { ok: false, problems: [notAMapping()] };
    const value: unknown = document.toJS({ maxAliasCount });
    return { ok: true, source: makeSource(value, text, { document, lines }) };
  } catch (error) {
    if (error instanceof RangeError) return refuse(tooDeepMessage, lines.linePos(0));
    // The yaml library throws a ReferenceError for both: an alias without its anchor, and too many aliases.
    if (error instanceof ReferenceError)
      return { ok: false, problems: [firstLine("alias_limit", error.message)] };
    throw error;
  }
}

const tooDeepMessage = `nested more than ${maxDepth} levels deep`;

function refuse(message: string, at: { line: number; col: number }): ReadResult {
  const place = { line: Math.max(1, at.line), column: Math.max(1, at.col) };
  return { ok: false, problems: [{ code: "too_deep", severity: "error", message, ...place }] };
}

function firstLine(code: ProblemCode, message: string, hint?: string): Problem {
  return { code, severity: "error", message, line: 1, column: 1, ...(hint === undefined ? {} : { hint }) };
}

function notAMapping(): Problem {
  return firstLine(
    "not_a_mapping",
    "a workflow is a mapping of keys to values",
    "start with `name:` and `steps:`",
  );
}

/** The text, or why it cannot be read. */
function decode(input: string | Uint8Array): string | Problem {
  const size = typeof input === "string" ? input.length : input.byteLength;
  const tooLarge = `the file is larger than ${maxBytes / 1e6} MB`;
  if (size > maxBytes) return firstLine("too_large", tooLarge);
  const encoding = "the file is not UTF-8 text";
  let text: string;
  try {
    text =
      typeof input === "string"
        ? input
        : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input);
  } catch (error) {
    if (error instanceof TypeError) return firstLine("bad_encoding", encoding, "save it as UTF-8");
    throw error;
  }
  if (typeof input === "string" && new TextEncoder().encode(text).byteLength > maxBytes) {
    return firstLine("too_large", tooLarge);
  }
  // U+FFFD is what a lenient decoder leaves of bytes that were not UTF-8; NUL is what is seen of UTF-16.
  if (!text.isWellFormed() || /[\0\uFFFD]/.test(text))
    return firstLine("bad_encoding", encoding, "save it as UTF-8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/**
 * Refuses what would recurse too deep before the parser sees it: it is called with text of strangers.
 * Brackets inside strings count too; no workflow has sixty open ones on its way.
 */
function findTooDeep(text: string): string | undefined {
  let flow = 0;
  for (const line of text.split("\n")) {
    const indent = /^(?:[ ]*[-?:] )*[ ]*/.exec(line)?.[0] ?? "";
    const dashes = indent.replaceAll(" ", "").length;
    if (dashes > maxDepth || (indent.length > 4 * maxDepth && dashes > 1)) return tooDeepMessage;
    for (const char of line) {
      if (char === "[" || char === "{") flow += 1;
      else if ((char === "]" || char === "}") && flow > 0) flow -= 1;
      if (flow > maxDepth) return tooDeepMessage;
    }
  }
  return undefined;
}

function syntaxProblem(error: YAMLError, lines: LineCounter): Problem {
  const [start, end] = error.pos;
  const code = error.code === "DUPLICATE_KEY" ? "duplicate_key" : syntaxCode(error.code);
  const message = code === "several_documents" ? "the file holds several documents" : error.message;
  return {
    code,
    severity: "error",
    message: lowerFirst(message.replace(/ at line.*$/s, "")),
    ...span(lines, start, end),
  };
}

function syntaxCode(code: string): ProblemCode {
  if (code === "MULTIPLE_DOCS") return "several_documents";
  return code === "RESOURCE_EXHAUSTION" ? "too_deep" : "syntax";
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function span(
  lines: LineCounter,
  start: number,
  end: number,
): Pick<Problem, "line" | "column" | "endLine" | "endColumn"> {
  const from = lines.linePos(start);
  const to = lines.linePos(Math.max(start, end));
  return { line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
}

function makeSource(
  value: unknown,
  text: string,
  { document, lines }: { document: Document; lines: LineCounter },
): WorkflowSource {
  return {
    value,
    problem(code, message, { hint, warning, ...place }) {
      const [start, end] = rangeOf(document, text, place);
      const severity = warning === true ? "warning" : "error";
      return { code, severity, message, ...span(lines, start, end), ...(hint === undefined ? {} : { hint }) };
    },
  };
}

/** Offsets of a place; of the nearest parent when the path ends before it (a key that is missing). */
function rangeOf(
  document: Document,
  text: string,
  { path, part = "value", within }: Place,
): [number, number] {
  let node: Node | null = document.contents;
  let key: Node | undefined;
  let range = node?.range ?? [0, 0, 0];
  let complete = true;
  for (const segment of path) {
    const step = childOf(document, node, segment);
    if (step === undefined) {
      complete = false;
      break;
    }
    key = step.key;
    node = step.value;
    range = node?.range ?? key?.range ?? range;
  }
  // A missing key is shown at its parent's first character rather than over the whole block.
  if (!complete) return part === "key" || key?.range == null ? startOf(range) : [key.range[0], key.range[1]];
  if (part === "key" && key?.range) return [key.range[0], key.range[1]];
  if (within === undefined) return [range[0], range[1]];
  return rangeWithin(text, [range[0], range[1]], within);
}

function startOf(range: readonly number[]): [number, number] {
  const start = range[0] ?? 0;
  return [start, start + 1];
}

/**
 * Where a part of a scalar's text stands in the file. Found only when the scalar is written as it reads, which
 * holds for plain and quoted one-line text; for folded or escaped text the whole scalar is shown.
 */
function rangeWithin(
  text: string,
  [from, to]: [number, number],
  within: { text: string; start: number; end: number },
): [number, number] {
  const written = text.slice(from, to);
  const whole = written.indexOf(within.text);
  if (whole !== -1)
    return [from + whole + within.start, from + whole + Math.max(within.end, within.start + 1)];
  const piece = within.text.slice(within.start, within.end);
  const found = piece === "" ? -1 : written.indexOf(piece);
  return found === -1 ? [from, to] : [from + found, from + found + piece.length];
}

function childOf(
  document: Document,
  parent: Node | null,
  segment: string | number,
): { key: Node | undefined; value: Node | null } | undefined {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (isMap(node)) {
    const pair = node.items.find((item) => keyText(item.key) === String(segment));
    if (pair === undefined) return undefined;
    return { key: isNode(pair.key) ? pair.key : undefined, value: isNode(pair.value) ? pair.value : null };
  }
  if (!isSeq(node) || typeof segment !== "number") return undefined;
  const item = node.items[segment];
  return isNode(item) ? { key: undefined, value: item } : undefined;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
