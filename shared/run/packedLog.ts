import type { LogChunk } from "./events.ts";
import type { LogLine } from "./stepLog.ts";

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
