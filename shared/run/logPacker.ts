import { stripAnsi } from "./ansi.ts";
import type { LogChunk } from "./events.ts";
import { groupsWith, type LogGroup } from "./logGroups.ts";
import type { LogMark, PackedPage } from "./packedLog.ts";
import { appendLog, emptyLog, logLines, type LogLine, type StepLog } from "./stepLog.ts";

const maxLines = 2000;
const maxChars = 256 * 1024;
/** A longer line is cut: nobody reads it, and a browser would choke on it. The log bundle has all of it. */
export const maxLineChars = 100_000;

/** A log as a whole. */
export interface PackedSummary {
  lines: number;
  groups: readonly LogGroup[];
}

/**
 * Puts the log of a step that has ended into pages, as it is read: no more than a page of it is in memory. The numbers of
 * its lines stay what they were while it ran.
 */
export class LogPacker {
  /** The unfinished line of each stream. */
  #rest: StepLog = emptyLog;
  #lines: LogLine[] = [];
  #chars = 0;
  #count = 0;
  #groups: readonly LogGroup[] = [];

  /** Takes more output, in order; gives the pages that are full. */
  *add(chunks: readonly LogChunk[]): Generator<PackedPage> {
    const grown = appendLog(this.#rest, chunks);
    this.#rest = { ...emptyLog, open: grown.open };
    for (const line of logLines({ ...grown, open: {} })) {
      this.#groups = groupsWith(this.#groups, { index: this.#count, text: line.text });
      yield* this.#take(line);
    }
  }

  /** No more comes; gives the last pages. */
  *end(): Generator<PackedPage> {
    for (const line of logLines(this.#rest)) yield* this.#take(line);
    this.#rest = emptyLog;
    yield* this.#flush();
  }

  /** What is known of the log; of all of it once `end` has given its last page. */
  get summary(): PackedSummary {
    return { lines: this.#count, groups: this.#groups };
  }

  *#take(line: LogLine): Generator<PackedPage> {
    const cut = cutLine(line);
    if (this.#lines.length === maxLines || this.#chars + cut.text.length > maxChars) yield* this.#flush();
    this.#lines.push(cut);
    this.#chars += cut.text.length + 1;
    this.#count += 1;
  }

  *#flush(): Generator<PackedPage> {
    if (this.#lines.length === 0) return;
    yield packPage(this.#lines, this.#count - this.#lines.length);
    this.#lines = [];
    this.#chars = 0;
  }
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
