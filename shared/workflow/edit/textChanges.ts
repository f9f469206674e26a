import { diffArrays } from "diff";

/** Replaces the characters from `from` up to `to`; offsets are in the text before any of the changes. */
export interface TextChange {
  from: number;
  to: number;
  insert: string;
}

/** The text after changes that do not overlap; those at one place are applied in their order. */
export function applyChanges(text: string, changes: readonly TextChange[]): string {
  let result = "";
  let at = 0;
  for (const change of inOrder(changes)) {
    if (change.from < at) throw new RangeError(`Changes overlap at ${change.from}`);
    result += text.slice(at, change.from) + change.insert;
    at = change.to;
  }
  return result + text.slice(at);
}

function inOrder(changes: readonly TextChange[]): TextChange[] {
  return [...changes].sort((a, b) => a.from - b.from || a.to - b.to);
}

/** The few changes that make `after` of `before`, by lines and then narrowed, so that cursors and undo stay where they were. */
export function changesBetween(before: string, after: string): TextChange[] {
  if (before === after) return [];
  const changes: TextChange[] = [];
  let at = 0;
  let open: TextChange | undefined;
  for (const part of diffArrays(linesOf(before), linesOf(after))) {
    const text = part.value.join("");
    if (!part.added && !part.removed) {
      if (open !== undefined) changes.push(open);
      open = undefined;
      at += text.length;
      continue;
    }
    open ??= { from: at, to: at, insert: "" };
    if (part.added) open.insert += text;
    else {
      at += text.length;
      open.to = at;
    }
  }
  if (open !== undefined) changes.push(open);
  return changes.map((change) => narrow(before, change));
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

function narrow(text: string, { from, to, insert }: TextChange): TextChange {
  let start = from;
  let skipped = 0;
  while (start < to && skipped < insert.length && text[start] === insert[skipped]) {
    start += 1;
    skipped += 1;
  }
  let end = to;
  let rest = insert.length;
  while (end > start && rest > skipped && text[end - 1] === insert[rest - 1]) {
    end -= 1;
    rest -= 1;
  }
  return { from: start, to: end, insert: insert.slice(skipped, rest) };
}
