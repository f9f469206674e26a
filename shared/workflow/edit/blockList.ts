import type { BlockEntry } from "./blockEntries.ts";
import { lineStart } from "./blockEntries.ts";
import type { TextChange } from "./textChanges.ts";

/** Moves, takes out and puts in whole entries of a block list. What stands between entries stays where it is. */

/** `order` lists the present positions in their new order. */
export function reorder(
  text: string,
  entries: readonly BlockEntry[],
  order: readonly number[],
): TextChange[] {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return [];
  const blocks = entries.map((entry) => text.slice(entry.blockStart, entry.blockEnd));
  const gaps = entries.map((entry, index) =>
    text.slice(entry.blockEnd, entries[index + 1]?.blockStart ?? entry.blockEnd),
  );
  const insert = order.map((from, to) => (blocks[from] ?? "") + (gaps[to] ?? "")).join("");
  return [{ from: first.blockStart, to: last.blockEnd, insert }];
}

/** Puts a block, lines with their indentation and without the last line's end, at a position of a list that is not empty. */
export function insertBlock(
  text: string,
  entries: readonly BlockEntry[],
  { at, block }: { at: number; block: string },
): TextChange {
  const gap = separator(text, entries);
  const next = entries[at];
  if (next !== undefined) return { from: next.blockStart, to: next.blockStart, insert: block + gap };
  const end = entries.at(-1)?.blockEnd ?? text.length;
  return { from: end, to: end, insert: gap + block };
}

/** Takes one of several entries out, with the empty lines behind it; comments that stand alone stay. */
export function removeBlock(text: string, entries: readonly BlockEntry[], index: number): TextChange[] {
  const entry = entries[index];
  if (entry === undefined) return [];
  const before = entries[index - 1];
  const after = entries[index + 1];
  if (after !== undefined) {
    const gapAfter = text.slice(entry.blockEnd, after.blockStart);
    if (gapAfter.trim() === "") return [{ from: entry.blockStart, to: after.blockStart, insert: "" }];
    const lineBreak = gapAfter.startsWith("\r\n") ? 2 : 1;
    const gapBefore = before === undefined ? "\n" : text.slice(before.blockEnd, entry.blockStart);
    const from = before !== undefined && gapBefore.trim() === "" ? before.blockEnd : entry.blockStart;
    const keepsBreak = from === before?.blockEnd;
    return [{ from, to: entry.blockEnd + (keepsBreak ? 0 : lineBreak), insert: "" }];
  }
  if (before === undefined) return [{ from: entry.blockStart, to: entry.blockEnd, insert: "" }];
  const gapBefore = text.slice(before.blockEnd, entry.blockStart);
  const kept = gapBefore.trim() === "" ? before.blockEnd : before.blockEnd + gapBefore.trimEnd().length;
  return [{ from: kept, to: entry.blockEnd, insert: "" }];
}

/** What this list has between entries: an empty line, if most have. */
export function separator(text: string, entries: readonly BlockEntry[]): string {
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  const gaps = entries
    .slice(1)
    .map((entry, index) => text.slice(entries[index]?.blockEnd ?? 0, entry.blockStart));
  const empty = gaps.filter((gap) => gap.split("\n").length > 2).length;
  return empty * 2 > gaps.length ? lineBreak + lineBreak : lineBreak;
}

/** Spaces before an entry's dash. */
export function columnOf(text: string, entry: BlockEntry): number {
  return entry.start - lineStart(text, entry.start);
}
