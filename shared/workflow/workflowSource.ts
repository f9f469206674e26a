import { constructFromEvents, CORE_SCHEMA, EVENT_ID, parseEvents, YAMLException } from "js-yaml";
import type { Event } from "js-yaml";
import type { Problem, ProblemCode } from "./problem.ts";
import { rangeOf } from "./yamlPlaces.ts";
import type { Path, Place, Range } from "./yamlPlaces.ts";

/**
 * The text of a workflow file with the way back from a value to its place. YAML 1.2, core schema; JSON is a subset.
 * Hostile files are refused here: size, encoding, aliases that multiply, nesting that would exhaust the stack.
 *
 * js-yaml and not yaml: for a thousand steps it takes 7 ms where yaml's document takes 70, on the way of every
 * keystroke and every event; and on some malformed megabytes yaml takes minutes.
 */

export const maxBytes = 1_000_000;
const maxDepth = 60;
const maxAliases = 1000;
/** Values of a file after aliases are written out. A megabyte of plain text holds fewer. */
const maxValues = 500_000;
/** Findings that are placed and shown; a file with more is not being read by anyone. */
export const maxProblems = 200;

export interface WorkflowSource {
  /** Plain JSON; aliases are written out. */
  value: unknown;
  problem(
    code: ProblemCode,
    message: string,
    at: Place & { hint?: string | undefined; warning?: boolean },
  ): Problem;
  /** What a problem of this file is about; undefined for one that another file's source made. */
  pathOf(problem: Problem): Path | undefined;
  /** The line, from 1, on which what is at a path starts. */
  lineOf(path: Path): number;
}

export type ReadResult = { ok: true; source: WorkflowSource } | { ok: false; problems: Problem[] };

/** Reads YAML or JSON into a value with places; every problem of this level is an error. */
export function readWorkflowSource(input: string | Uint8Array): ReadResult {
  const text = decode(input);
  if (typeof text !== "string") return { ok: false, problems: [text] };
  try {
    const events = parseEvents(text, { maxDepth });
    const [value, ...more] = constructFromEvents(events, { source: text, schema: CORE_SCHEMA, maxAliases });
    if (more.length > 0) return { ok: false, problems: [severalDocuments(events, text)] };
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const hint = "start with `name:` and `steps:`";
      return {
        ok: false,
        problems: [firstLine("not_a_mapping", "a workflow is a mapping of keys to values", hint)],
      };
    }
    const hasAliases = events.some((event) => event.type === EVENT_ID.ALIAS);
    return { ok: true, source: makeSource(hasAliases ? writeOut(value) : value, text, events) };
  } catch (error) {
    if (error instanceof YAMLException) return { ok: false, problems: [readProblem(error, text)] };
    if (error instanceof AliasLimit)
      return { ok: false, problems: [aliasLimit("aliases multiply the file")] };
    throw error;
  }
}

function makeSource(value: unknown, text: string, events: readonly Event[]): WorkflowSource {
  const toSpan = makeSpans(text);
  const paths = new Map<Problem, Path>();
  return {
    value,
    pathOf: (problem) => paths.get(problem),
    lineOf: (path) => toSpan(rangeOf(events, text, { path })).line,
    problem(code, message, { hint, warning, ...place }) {
      const severity = warning === true ? "warning" : "error";
      // Each look-up walks the file: without a limit a hostile file would cost the square of its size.
      const span = paths.size >= maxProblems ? { line: 1, column: 1 } : toSpan(rangeOf(events, text, place));
      const problem = { code, severity, message, ...span, ...(hint === undefined ? {} : { hint }) } as const;
      paths.set(problem, place.path);
      return problem;
    },
  };
}

/** The text, or why it cannot be read. */
function decode(input: string | Uint8Array): string | Problem {
  const size = typeof input === "string" ? input.length : input.byteLength;
  const tooLarge = firstLine("too_large", `the file is larger than ${maxBytes / 1e6} MB`);
  if (size > maxBytes) return tooLarge;
  const badEncoding = firstLine("bad_encoding", "the file is not UTF-8 text", "save it as UTF-8");
  let text: string;
  try {
    text = typeof input === "string" ? input : new TextDecoder("utf-8", { fatal: true }).decode(input);
  } catch (error) {
    if (error instanceof TypeError) return badEncoding;
    throw error;
  }
  // U+FFFD is what a lenient decoder leaves of bytes that were not UTF-8; NUL is what is seen of UTF-16.
  if (!text.isWellFormed() || /[\0\uFFFD]/.test(text)) return badEncoding;
  // A character takes at most three bytes: short text needs no counting.
  if (
    typeof input === "string" &&
    3 * size > maxBytes &&
    new TextEncoder().encode(text).byteLength > maxBytes
  )
    return tooLarge;
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

function firstLine(code: ProblemCode, message: string, hint?: string): Problem {
  return { code, severity: "error", message, line: 1, column: 1, ...(hint === undefined ? {} : { hint }) };
}

function aliasLimit(message: string): Problem {
  return firstLine("alias_limit", message, "write the block out where it is used");
}

function severalDocuments(events: readonly Event[], text: string): Problem {
  const starts = events.flatMap((event, index) => (event.type === EVENT_ID.DOCUMENT ? [index] : []));
  const second = events[(starts[1] ?? 0) + 1];
  const offset =
    second === undefined
      ? 0
      : "start" in second
        ? second.start
        : "valueStart" in second
          ? second.valueStart
          : 0;
  const span = makeSpans(text)([Math.max(0, offset), Math.max(0, offset) + 1]);
  const message = "the file holds several documents";
  return { code: "several_documents", severity: "error", message, ...span, hint: "one workflow per file" };
}

/** What is wrong with a file that cannot be read. Reading stops at the first error. */
function readProblem({ reason, mark }: YAMLException, text: string): Problem {
  const at = mark?.position ?? 0;
  const problem = (code: ProblemCode, message: string): Problem => ({
    code,
    severity: "error",
    message,
    ...makeSpans(text)([at, at + 1]),
  });
  if (/depth|nesting/i.test(reason)) return problem("too_deep", `nested more than ${maxDepth} levels deep`);
  if (/aliases/i.test(reason)) return aliasLimit(`more than ${maxAliases} aliases`);
  return problem(/duplicated mapping key/.test(reason) ? "duplicate_key" : "syntax", reason);
}

type Span = Pick<Problem, "line" | "column" | "endLine" | "endColumn">;

/** Lines and columns of offsets; finds the line starts at the first question. */
function makeSpans(text: string): (range: Range) => Span {
  let starts: number[] | undefined;
  const positionOf = (offset: number): { line: number; column: number } => {
    starts ??= [0, ...[...text.matchAll(/\r\n?|\n/g)].map((match) => match.index + match[0].length)];
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
  return ([start, end]) => {
    const to = positionOf(Math.max(start, end));
    return { ...positionOf(start), endLine: to.line, endColumn: to.column };
  };
}

class AliasLimit extends Error {}

/** A copy without shared objects. js-yaml lets aliases share them, so a small file could stand for millions of values. */
function writeOut(root: unknown): unknown {
  let count = 0;
  const copy = (value: unknown, depth: number): unknown => {
    count += 1;
    // An anchor that holds its own alias has no end.
    if (count > maxValues || depth > 2 * maxDepth) throw new AliasLimit();
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, depth + 1)]));
  };
  return copy(root, 0);
}
