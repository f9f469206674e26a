import { lineAt, type StepLog } from "./stepLog.ts";
import { stripAnsi } from "./ansi.ts";

/** Lines between `::group::Title` and `::endgroup::`, GitHub's markers. Indices count from 0. */
export interface LogGroup {
  /** Index of the line with the title. */
  start: number;
  /** Index of the end marker, or null while the group is open. */
  end: number | null;
  title: string;
}

export interface LogGroups {
  read: (log: StepLog) => readonly LogGroup[];
}

const opening = /^(?:::group::|##\[group\])(.*)$/;
const closing = /^(?:::endgroup::|##\[endgroup\])/;

/** Finds the groups of a log that grows, reading each finished line once. */
export function makeLogGroups(): LogGroups {
  let groups: readonly LogGroup[] = [];
  let readTo = 0;
  return {
    read: (log) => {
      if (log.length < readTo) {
        groups = [];
        readTo = 0;
      }
      for (; readTo < log.length; readTo += 1)
        groups = groupsWith(groups, { index: readTo, text: lineAt(log, readTo)?.text ?? "" });
      return groups;
    },
  };
}

/** The groups after one more line; the same list when it changes none. Groups do not nest: a new one ends the last. */
export function groupsWith(
  groups: readonly LogGroup[],
  { index, text }: { index: number; text: string },
): readonly LogGroup[] {
  // The first characters tell for nearly every line, without stripping it.
  if (!text.includes("group")) return groups;
  const line = stripAnsi(text);
  const open = groups.at(-1);
  const title = opening.exec(line)?.[1];
  if (title !== undefined) {
    const ended = open?.end === null ? [...groups.slice(0, -1), { ...open, end: index - 1 }] : groups;
    return [...ended, { start: index, end: null, title: title.trim() || "Group" }];
  }
  if (closing.test(line) && open?.end === null) return [...groups.slice(0, -1), { ...open, end: index }];
  return groups;
}

/** Which line stands in which row when some groups are folded. */
export interface LogRows {
  count: number;
  lineOf: (row: number) => number;
  /** The row of a line; of the group's title when the line is folded away. */
  rowOf: (line: number) => number;
}

/** Rows of `count` lines: folded groups show their title only, and end markers are never shown. */
export function logRows(count: number, groups: readonly LogGroup[], folded: ReadonlySet<number>): LogRows {
  const hidden: { from: number; to: number; before: number }[] = [];
  let total = 0;
  for (const { start, end } of groups) {
    const isFolded = folded.has(start);
    if (!isFolded && (end === null || end === start)) continue;
    const to = end ?? count - 1;
    const from = isFolded ? start + 1 : to;
    if (to < from) continue;
    hidden.push({ from, to, before: total });
    total += to - from + 1;
  }
  return {
    count: count - total,
    lineOf: (row) => {
      let line = row;
      for (const range of hidden) {
        if (line < range.from) break;
        line += range.to - range.from + 1;
      }
      return line;
    },
    rowOf: (line) => {
      let row = line;
      for (const range of hidden) {
        if (line < range.from) break;
        if (line <= range.to) return range.from - 1 - range.before;
        row -= range.to - range.from + 1;
      }
      return row;
    },
  };
}
