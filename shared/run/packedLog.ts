import { stripAnsi } from "./ansi.ts";
import type { LogChunk } from "./events.ts";
import { makeLogGroups, type LogGroup } from "./logGroups.ts";
import { logLines, type LogLine, type StepLog } from "./stepLog.ts";

/** Where stream or time changes: a line of the page, from 0, and what holds from there on. */
export type LogMark = [line: number, stream: LogChunk["stream"], at: number];

/** Some lines of an ended step's log in one piece. */
export interface PackedPage {
  /** From 0. */
  firstLine: number;
  lines: number;
  /** The lines as printed, a line feed between them. */
  body: string;
  /** The same without terminal escapes; null when that is no different. */
  plain: string | null;
  marks: LogMark[];
}

/** A page as it is shown: without what is only searched. */
export type LogPart = Omit<PackedPage, "plain">;

export interface PackedLog {
  lines: number;
  groups: readonly LogGroup[];
  pages: PackedPage[];
}

const maxLines = 2000;
const maxChars = 256 * 1024;
/** A longer line is cut: nobody reads it, and a browser would choke on it. The log bundle has all of it. */
export const maxLineChars = 100_000;

/**
 * Puts the log of a step that has ended into pages. The numbers of its lines stay what they were while it ran.
 * A long log takes a second of its thread: `betweenPages` is waited for after each page, so that other work can go on.
 */
export async function packLog(log: StepLog, betweenPages?: () => Promise<unknown>): Promise<PackedLog> {
  const pages: PackedPage[] = [];
  for (const page of packPages(log)) {
    pages.push(page);
    await betweenPages?.();
  }
  const last = pages.at(-1);
  const lines = last === undefined ? 0 : last.firstLine + last.lines;
  return { lines, groups: makeLogGroups().read(log), pages };
}

function* packPages(log: StepLog): Generator<PackedPage> {
  let lines: LogLine[] = [];
  let chars = 0;
  let count = 0;
  for (const line of logLines(log)) {
    const cut = cutLine(line);
    if (lines.length === maxLines || chars + cut.text.length > maxChars) {
      if (lines.length > 0) yield packPage(lines, count - lines.length);
      lines = [];
      chars = 0;
    }
    lines.push(cut);
    chars += cut.text.length + 1;
    count += 1;
  }
  if (lines.length > 0) yield packPage(lines, count - lines.length);
}

function cutLine(line: LogLine): LogLine {
  const { length } = line.text;
  if (length <= maxLineChars) return line;
  const kept = line.text.slice(0, maxLineChars).toWellFormed();
  return { ...line, text: `${kept} … cut: the line has ${length} characters` };
}

function packPage(lines: readonly LogLine[], firstLine: number): PackedPage {
  const marks: LogMark[] = [];
  for (const [index, { stream, at }] of lines.entries()) {
    const last = marks.at(-1);
    if (last === undefined || last[1] !== stream || last[2] !== at) marks.push([index, stream, at]);
  }
  const body = lines.map((line) => line.text).join("\n");
  const plain = lines.map((line) => stripAnsi(line.text)).join("\n");
  return { firstLine, lines: lines.length, body, plain: plain === body ? null : plain, marks };
}

/** The lines of a page again. */
export function unpackPage(page: Pick<PackedPage, "body" | "marks">): LogLine[] {
  let next = 0;
  let stream: LogChunk["stream"] = "out";
  let at = 0;
  return page.body.split("\n").map((text, index) => {
    const mark = page.marks[next];
    if (mark !== undefined && mark[0] === index) {
      [, stream, at] = mark;
      next += 1;
    }
    return { stream, text, at };
  });
}

/** Of a page, the lines that stand between `from` and `to` of the whole log, both counted from 0, as a page of their own. */
export function cutPage(page: LogPart, from: number, to: number): LogPart {
  const start = Math.max(0, from - page.firstLine);
  const end = Math.min(page.lines, to - page.firstLine + 1);
  const marks: LogMark[] = [];
  for (const [line, stream, at] of page.marks) {
    if (line >= end) break;
    // What holds at the first line may have begun before it.
    if (line <= start) marks.length = 0;
    marks.push([Math.max(0, line - start), stream, at]);
  }
  return {
    firstLine: page.firstLine + start,
    lines: Math.max(0, end - start),
    body: page.body.split("\n").slice(start, end).join("\n"),
    marks,
  };
}
