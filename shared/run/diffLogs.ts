import { diffArrays } from "diff";
import { stripAnsi } from "./ansi.ts";

export interface LogDiffLine {
  kind: "same" | "removed" | "added" | "gap";
  /** As printed; for a gap, how many lines that are the same are left out. */
  text: string;
  /** From 1, in the first and in the second log. */
  from: number | null;
  to: number | null;
}

/** What differs from run to run without meaning anything: times, durations, ids, temporary paths, addresses. */
const passing: [RegExp, string][] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, "<time>"],
  [/\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b/g, "<time>"],
  [/\b\d+(?:[.,]\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds|min|m)\b/g, "<duration>"],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "<id>"],
  [/\b(?:0x)[0-9a-f]{6,16}\b/gi, "<address>"],
  [/\/tmp\/[\w./-]+/g, "<temporary path>"],
  [/\b(?:localhost|127\.0\.0\.1):\d{4,5}\b/g, "<local port>"],
];

/** The line without what differs from run to run; two lines with the same rest count as the same. */
export function normalizeLine(line: string): string {
  const text = stripAnsi(line).slice(0, 2000).trimEnd();
  return passing.reduce((rest, [pattern, word]) => rest.replace(pattern, word), text);
}

const context = 3;
/** Beyond this the logs have little in common, and the search for the shortest difference takes long. */
const maxChanges = 4000;
const maxMs = 500;

/**
 * What the second log has other than the first, with three lines around each difference; null when they differ so much
 * that comparing them in bounded time is not possible.
 */
export function diffLogs(from: readonly string[], to: readonly string[]): LogDiffLine[] | null {
  const changes = diffArrays(from.map(normalizeLine), to.map(normalizeLine), {
    maxEditLength: maxChanges,
    timeout: maxMs,
  });
  if (changes === undefined) return null;
  const lines: LogDiffLine[] = [];
  let [before, after] = [0, 0];
  for (const { added, removed, value } of changes) {
    for (let index = 0; index < value.length; index += 1) {
      if (removed) lines.push({ kind: "removed", text: from[before] ?? "", from: (before += 1), to: null });
      else if (added) lines.push({ kind: "added", text: to[after] ?? "", from: null, to: (after += 1) });
      else lines.push({ kind: "same", text: to[after] ?? "", from: (before += 1), to: (after += 1) });
    }
  }
  return foldSame(lines);
}

/** Leaves out what is far from any difference. */
function foldSame(lines: readonly LogDiffLine[]): LogDiffLine[] {
  const shown = new Uint8Array(lines.length);
  for (const [index, line] of lines.entries()) {
    if (line.kind === "same") continue;
    shown.fill(1, Math.max(0, index - context), Math.min(lines.length, index + context + 1));
  }
  const folded: LogDiffLine[] = [];
  let left = 0;
  const flush = () => {
    if (left > 0) folded.push({ kind: "gap", text: String(left), from: null, to: null });
    left = 0;
  };
  for (const [index, line] of lines.entries()) {
    if (shown[index] === 0) left += 1;
    else {
      flush();
      folded.push(line);
    }
  }
  flush();
  return folded;
}
