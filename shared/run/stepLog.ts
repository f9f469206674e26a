import type { LogChunk } from "./events.ts";

type Stream = LogChunk["stream"];

/** One line of output without its line feed. `open` means that more of it may come. */
export interface LogLine {
  stream: Stream;
  text: string;
  /** Milliseconds since the epoch at which the line began. */
  at: number;
}

/**
 * A step's output in blocks of `blockSize` lines. Full blocks are never touched again, so that a log of n lines
 * folds in O(n) and every older view stays valid; only the last block is copied per event.
 */
export interface StepLog {
  /** Blocks of exactly `blockSize` lines, grouped once more so that appending a block copies few references. */
  readonly groups: readonly (readonly (readonly LogLine[])[])[];
  /** Full blocks that are not yet a group. */
  readonly blocks: readonly (readonly LogLine[])[];
  /** Lines that are not yet a block. */
  readonly tail: readonly LogLine[];
  /** The unfinished line of each stream that has one; it is not among the lines yet. */
  readonly open: Readonly<Partial<Record<Stream, LogLine>>>;
  /** Finished lines. */
  readonly length: number;
}

const blockSize = 256;
const groupSize = 256;

export const emptyLog: StepLog = { groups: [], blocks: [], tail: [], open: {}, length: 0 };

/** The log with more output; joins pieces of one line that came in separate chunks, per stream. */
export function appendLog(log: StepLog, chunks: readonly LogChunk[]): StepLog {
  const open: Partial<Record<Stream, LogLine>> = { ...log.open };
  const lines = [...log.tail];
  let added = 0;
  for (const { stream, text, at } of chunks) {
    const pieces = text.split("\n");
    const rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      const begun = open[stream];
      lines.push(begun === undefined ? { stream, text: piece, at } : { ...begun, text: begun.text + piece });
      delete open[stream];
      added += 1;
    }
    if (rest === "") continue;
    const begun = open[stream];
    open[stream] = begun === undefined ? { stream, text: rest, at } : { ...begun, text: begun.text + rest };
  }
  return { ...packLines(log, lines), open, length: log.length + added };
}

function packLines(log: StepLog, lines: readonly LogLine[]): Pick<StepLog, "groups" | "blocks" | "tail"> {
  if (lines.length < blockSize) return { groups: log.groups, blocks: log.blocks, tail: lines };
  const blocks = [...log.blocks];
  const groups = [...log.groups];
  let from = 0;
  for (; from + blockSize <= lines.length; from += blockSize) {
    blocks.push(lines.slice(from, from + blockSize));
    if (blocks.length === groupSize) groups.push(blocks.splice(0, groupSize));
  }
  return { groups, blocks, tail: lines.slice(from) };
}

/** Lines shown: the finished ones, then the unfinished. */
export function lineCount(log: StepLog): number {
  return log.length + openLines(log).length;
}

/** The line at an index from 0 in O(1), or undefined past the end: what a virtual list asks for. */
export function lineAt(log: StepLog, index: number): LogLine | undefined {
  if (index >= log.length) return openLines(log)[index - log.length];
  const block = Math.floor(index / blockSize);
  const inGroups = log.groups.length * groupSize;
  if (block < inGroups)
    return log.groups[Math.floor(block / groupSize)]?.[block % groupSize]?.[index % blockSize];
  return (
    log.blocks[block - inGroups]?.[index % blockSize] ??
    log.tail[index - (inGroups + log.blocks.length) * blockSize]
  );
}

/** Every line shown, in order. */
export function* logLines(log: StepLog): Generator<LogLine> {
  for (const group of log.groups) for (const block of group) yield* block;
  for (const block of log.blocks) yield* block;
  yield* log.tail;
  yield* openLines(log);
}

function openLines(log: StepLog): LogLine[] {
  return Object.values(log.open).sort((a, b) => a.at - b.at);
}
