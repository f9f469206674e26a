import type { YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isCollection, isMap, isPair, isScalar } from "yaml";

/** One entry of a block collection: a list's item from its dash, or a mapping's pair from its key. */
export interface BlockEntry {
  /** Its dash or key. */
  start: number;
  /** Behind the last character of its value; comments behind it are not counted. */
  end: number;
  /**
   * With what belongs to it: whole lines, the comments right above it and the deeper ones right below, without the
   * last line's end. An entry that starts in the middle of a line (behind a dash) starts at its key.
   */
  blockStart: number;
  blockEnd: number;
}

/** Entries of a block list or mapping, in order. `from`: where its key ends, comments before that are not its own. */
export function blockEntries(text: string, collection: YAMLMap | YAMLSeq, from: number): BlockEntry[] {
  const places = isMap(collection)
    ? collection.items.map((pair) => ({ start: startOf(pair.key), end: contentEnd(pair, text) }))
    : dashesOf(collection).map((start, index) => ({
        start,
        end: Math.max(start + 1, contentEnd(collection.items[index], text)),
      }));
  const entries: BlockEntry[] = [];
  for (const { start, end } of places) {
    const before = entries.at(-1);
    const column = start - lineStart(text, start);
    entries.push({
      start,
      end,
      blockStart: leadStart(text, start, before?.blockEnd ?? from),
      blockEnd: trailEnd(text, end, column),
    });
  }
  return entries;
}

function startOf(node: unknown): number {
  return isScalar(node) || isCollection(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Places of a list's dashes, from its tokens: a comment behind the last item is a token without one. */
function dashesOf(list: YAMLSeq): number[] {
  const token = list.srcToken;
  if (token?.type !== "block-seq") return [];
  return token.items.flatMap((item) => {
    const dash = item.start.find((part) => part.type === "seq-item-ind");
    return dash === undefined ? [] : [dash.offset];
  });
}

/** Behind the last character of a node's content: not behind the line's end that closes a block text. */
export function contentEnd(node: unknown, text: string): number {
  if (isPair(node)) {
    const key = startOf(node.key);
    const keyEnd = isScalar(node.key) ? (node.key.range?.[1] ?? key) : key;
    const colon = text.indexOf(":", keyEnd);
    return Math.max(colon === -1 ? keyEnd : colon + 1, contentEnd(node.value, text));
  }
  if (isCollection(node)) {
    const last = node.items.at(-1);
    return node.flow === true || last === undefined ? (node.range?.[1] ?? 0) : contentEnd(last, text);
  }
  if (isScalar(node) && node.type?.startsWith("BLOCK") === true) {
    const end = node.range?.[1] ?? 0;
    if (text[end - 1] !== "\n") return end;
    return text[end - 2] === "\r" ? end - 2 : end - 1;
  }
  return isScalar(node) || isAlias(node) ? (node.range?.[1] ?? 0) : 0;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Behind the last character of the line, before its `\n` or `\r\n`. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  if (end === -1) return text.length;
  return end > offset && text[end - 1] === "\r" ? end - 1 : end;
}

/** Where the next line starts; the length of the text if there is none. */
function nextLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end + 1;
}

const commentLine = /^([ \t]*)#/;

function leadStart(text: string, start: number, limit: number): number {
  let at = lineStart(text, start);
  if (text.slice(at, start).trim() !== "") return start;
  while (at > 0) {
    const above = lineStart(text, at - 1);
    if (above < limit || !commentLine.test(text.slice(above, at))) return at;
    at = above;
  }
  return at;
}

function trailEnd(text: string, end: number, column: number): number {
  let last = lineEnd(text, end);
  for (;;) {
    const next = nextLine(text, last);
    if (next >= text.length) return last;
    const found = commentLine.exec(text.slice(next, lineEnd(text, next)));
    if (found === null || (found[1]?.length ?? 0) <= column) return last;
    last = lineEnd(text, next);
  }
}
