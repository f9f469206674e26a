import type { Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { isCollection, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { blockEntries, contentEnd, lineEnd, lineStart } from "./blockEntries.ts";
import type { BlockEntry } from "./blockEntries.ts";
import { insertBlock, removeBlock, separator } from "./blockList.ts";
import type { Json, JsonObject } from "./json.ts";
import { isObject, sameJson } from "./json.ts";
import { renderBlock, renderItem, renderOneLine, renderPair, renderValue } from "./renderYaml.ts";
import type { ScalarStyle, Surroundings } from "./renderYaml.ts";
import type { TextChange } from "./textChanges.ts";

/** A file's document with the places of its nodes. */
export interface YamlText {
  text: string;
  root: Node | null;
  /** Written as JSON: what is put in is quoted as JSON has it. */
  json: boolean;
}

/** Reads a text that is known to be one well-formed document (see `readWorkflowSource`). */
export function openYaml(text: string): YamlText {
  const json = text.trimStart().startsWith("{") && /^\s*\{\s*"/.test(text);
  return { text, root: parseDocument(text, { keepSourceTokens: true, logLevel: "silent" }).contents, json };
}

/** The order in which keys of a mapping are written, by the names of the way to it. Unknown keys go last. */
export type KeyOrder = (path: readonly (string | number)[]) => readonly string[];

interface Place {
  node: unknown;
  before: Json;
  after: Json;
  path: readonly (string | number)[];
  /** Where the key that holds the value ends, or where the document starts. */
  from: number;
  around: Surroundings;
}

/** The changes that turn a document that means `before` into one that means `after`, and leave all else as it is. */
export function updateYaml(
  yaml: YamlText,
  before: Json,
  options: { after: Json; order: KeyOrder; oneLine: boolean },
): TextChange[] {
  const update = new Update(yaml, options.order);
  const around = { flow: yaml.json, json: yaml.json, indent: -2, oneLine: options.oneLine };
  update.value({ node: yaml.root, before, after: options.after, path: [], from: 0, around });
  return update.changes;
}

class Update {
  readonly changes: TextChange[] = [];
  private readonly yaml: YamlText;
  private readonly order: KeyOrder;

  constructor(yaml: YamlText, order: KeyOrder) {
    this.yaml = yaml;
    this.order = order;
  }

  value(place: Place): void {
    const { node, before, after } = place;
    if (sameJson(before, after)) return;
    if (isMap(node) && isObject(before) && isObject(after) && Object.keys(after).length > 0)
      return this.mapping(node, place, { before, after });
    if (isSeq(node) && Array.isArray(before) && Array.isArray(after) && after.length > 0 && before.length > 0)
      return this.list(node, place, { before, after });
    this.replace(place);
  }

  private replace({ node, after, from, around }: Place): void {
    const { text } = this.yaml;
    const style = isScalar(node) ? styleOf(node) : undefined;
    const written = renderValue(after, { ...around, style });
    const [start, end] = isNode(node) ? [node.range?.[0] ?? from, contentEnd(node, text)] : [from, from];
    if (end <= start) return this.change(from, from, written.startsWith("\n") ? written : ` ${written}`);
    // A block starts on its own line: `key:` keeps its line, and a block that was there gives its lines back.
    const wasBlock = isCollection(node) && node.flow !== true;
    // A block starts on its own line: `key:` keeps its line, and a block that was there gives its lines back.
    if (wasBlock && !written.startsWith("\n")) return this.change(from, end, ` ${written}`);
    if (!written.includes("\n")) return this.change(start, end, written);
    // A comment behind the value stays on its line, before the lines that come.
    const comment = /^\s+#/.test(text.slice(end, lineEnd(text, end)))
      ? text.slice(end, lineEnd(text, end))
      : "";
    const firstEnd = written.indexOf("\n");
    const lines = written.slice(0, firstEnd) + comment + written.slice(firstEnd);
    this.change(written.startsWith("\n") ? from : start, end + comment.length, lines);
  }

  private mapping(
    node: YAMLMap,
    place: Place,
    { before, after }: { before: JsonObject; after: JsonObject },
  ): void {
    const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
    const added = Object.keys(after).filter((key) => !Object.hasOwn(before, key));
    if (node.flow === true && removed.length + added.length > 0) return this.flowMapping(node, place, after);
    if (removed.length === node.items.length) return this.replace(place);
    const column = this.columnOf(startOf(node.items[0]));
    for (const pair of node.items) {
      const key = keyOf(pair);
      if (Object.hasOwn(after, key))
        this.pair(pair, place, { key, before, after, indent: column, flow: node.flow === true });
    }
    if (removed.length + added.length > 0) this.blockPairs(node, place, { removed, added, after });
  }

  private pair(
    pair: Pair,
    { path, around }: Place,
    inside: { key: string; before: JsonObject; after: JsonObject; indent: number; flow: boolean },
  ): void {
    const { key, before, after, indent } = inside;
    const flow = inside.flow || around.flow;
    this.value({
      node: pair.value,
      before: before[key] ?? null,
      after: after[key] ?? null,
      path: [...path, key],
      from: this.behindColon(pair),
      around: { ...around, flow, indent },
    });
  }

  private blockPairs(
    node: YAMLMap,
    place: Place,
    { removed, added, after }: { removed: string[]; added: string[]; after: JsonObject },
  ): void {
    const { text } = this.yaml;
    const entries = blockEntries(text, node, place.from);
    const keys = node.items.map(keyOf);
    const column = this.columnOf(entries[0]?.start ?? 0);
    const order = this.order(place.path);
    const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
    const kept = keys.filter((key) => !removed.includes(key));
    const around = { ...place.around, indent: column };
    for (const key of added) {
      const pair = renderPair(key, after[key] ?? null, around);
      const previous = kept.findLast((one) => rank(one) <= rank(key));
      const anchor = entries[keys.indexOf(previous ?? kept[0] ?? "")];
      if (anchor === undefined) continue;
      if (previous === undefined) this.change(anchor.start, anchor.start, `${pair}\n${" ".repeat(column)}`);
      else this.change(anchor.blockEnd, anchor.blockEnd, `\n${" ".repeat(column)}${pair}`);
    }
    for (const key of removed) {
      const index = keys.indexOf(key);
      const entry = entries[index];
      if (entry === undefined) continue;
      const ownLine = lineStart(text, entry.start) === entry.blockStart || index > 0;
      const next = entries[index + 1];
      // The first pair of an item stands behind its dash: the next one moves up, unless a comment is in between.
      const nextUp =
        next !== undefined && text.slice(entry.blockEnd, next.start).trim() === "" ? next.start : entry.end;
      if (ownLine) this.removeLines(entry.blockStart, entry.blockEnd);
      else this.change(entry.start, nextUp, "");
    }
  }

  /** Lines that go, with the end of the line before them or, at the start of the file, their own. */
  private removeLines(from: number, to: number): void {
    const { text } = this.yaml;
    if (from > 0) this.change(lineEnd(text, Math.max(0, lineStart(text, from - 1))), to, "");
    else this.change(from, Math.min(text.length, text.indexOf("\n", to) + 1 || text.length), "");
  }

  private flowMapping(node: YAMLMap, place: Place, after: JsonObject): void {
    const around = { ...place.around, flow: true };
    const old = new Map(node.items.map((pair) => [keyOf(pair), pair]));
    const order = this.order(place.path);
    const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
    const keys = node.items.map(keyOf).filter((key) => Object.hasOwn(after, key));
    for (const key of Object.keys(after).filter((one) => !old.has(one))) {
      keys.splice(keys.findLastIndex((one) => rank(one) <= rank(key)) + 1, 0, key);
    }
    const before = isObject(place.before) ? place.before : {};
    const parts = keys.map((key) => {
      const pair = old.get(key);
      if (pair === undefined || !sameJson(before[key], after[key])) {
        return pair === undefined || !isNode(pair.key)
          ? renderPair(key, after[key] ?? null, around)
          : `${this.slice(pair.key.range?.[0] ?? 0, this.behindColon(pair))} ${renderValue(after[key] ?? null, around)}`;
      }
      return this.slice(startOf(pair), contentEnd(pair, this.yaml.text));
    });
    this.rejoin(
      node,
      parts,
      node.items.map((pair) => [startOf(pair), contentEnd(pair, this.yaml.text)]),
    );
  }

  private list(node: YAMLSeq, place: Place, { before, after }: { before: Json[]; after: Json[] }): void {
    if (before.length === after.length) {
      const column = node.flow === true ? place.around.indent : this.columnOf(node.range?.[0] ?? 0);
      node.items.forEach((item, index) => {
        const from = isNode(item) ? (item.range?.[0] ?? 0) : 0;
        const around = { ...place.around, flow: node.flow === true || place.around.flow, indent: column };
        const path = [...place.path, index];
        this.value({
          node: item,
          before: before[index] ?? null,
          after: after[index] ?? null,
          path,
          from,
          around,
        });
      });
      return;
    }
    const kept = keptItems(before, after);
    if (node.flow === true) return this.flowList(node, place, { after, kept });
    this.blockList(node, place, { after, kept });
  }

  private flowList(
    node: YAMLSeq,
    place: Place,
    { after, kept }: { after: Json[]; kept: Map<number, number> },
  ): void {
    const around = { ...place.around, flow: true };
    const ranges = node.items.map((item): [number, number] => {
      const range = isNode(item) ? item.range : undefined;
      return [range?.[0] ?? 0, contentEnd(item, this.yaml.text)];
    });
    const parts = after.map((item, index) => {
      const range = ranges[kept.get(index) ?? -1];
      return range === undefined ? renderValue(item, around) : this.slice(...range);
    });
    this.rejoin(node, parts, ranges);
  }

  private blockList(
    node: YAMLSeq,
    place: Place,
    { after, kept }: { after: Json[]; kept: Map<number, number> },
  ): void {
    const { text } = this.yaml;
    const entries = blockEntries(text, node, place.from);
    if (kept.size === 0) return this.replace(place);
    const item = { indent: this.columnOf(entries[0]?.start ?? 0), oneLine: writtenOnOneLine(node) };
    let from = 0;
    let added: string[] = [];
    // Between two that stay, those that go are one block, and those that come take its place.
    const between = (to: number): void => {
      const gone = mergeEntries(entries, from, to);
      const joined = added.join(separator(text, entries));
      if (gone === undefined)
        for (const block of added) this.changes.push(insertBlock(text, entries, { at: from, block }));
      else if (joined === "")
        this.changes.push(
          ...removeBlock(text, [...entries.slice(0, from), gone, ...entries.slice(to)], from),
        );
      else this.change(gone.blockStart, gone.blockEnd, joined);
      added = [];
    };
    after.forEach((value, index) => {
      const old = kept.get(index);
      if (old === undefined) {
        added.push(renderListItem(value, item));
        return;
      }
      between(old);
      from = old + 1;
    });
    between(entries.length);
  }

  /** Writes a flow collection's entries anew between its brackets, with the separators that it has. */
  private rejoin(node: YAMLMap | YAMLSeq, parts: string[], ranges: [number, number][]): void {
    const { text } = this.yaml;
    const [start, end] = [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
    const first = ranges[0];
    const last = ranges.at(-1);
    const padding = isMap(node) ? " " : "";
    if (first === undefined || last === undefined) {
      return this.change(
        start + 1,
        end - 1,
        parts.length === 0 ? "" : `${padding}${parts.join(", ")}${padding}`,
      );
    }
    const second = ranges[1];
    const separator = second === undefined ? ", " : text.slice(first[1], second[0]);
    const plain = separator.includes("#") ? ", " : separator;
    this.change(first[0], last[1], parts.join(/^\s*,\s*$/.test(plain) ? plain : ", "));
  }

  private behindColon(pair: Pair): number {
    const end = isNode(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
    const colon = this.yaml.text.indexOf(":", end);
    return colon === -1 ? end : colon + 1;
  }

  private columnOf(offset: number): number {
    return offset - lineStart(this.yaml.text, offset);
  }

  private slice(from: number, to: number): string {
    return this.yaml.text.slice(from, to);
  }

  private change(from: number, to: number, insert: string): void {
    const crlf = this.yaml.text.includes("\r\n");
    this.changes.push({ from, to, insert: crlf ? insert.replace(/\r?\n/g, "\r\n") : insert });
  }
}

/** Neighbours as one block; undefined for none. */
function mergeEntries(entries: readonly BlockEntry[], from: number, to: number): BlockEntry | undefined {
  const first = entries[from];
  const last = entries[to - 1];
  if (first === undefined || last === undefined || to <= from) return undefined;
  return { ...first, end: last.end, blockEnd: last.blockEnd };
}

/** A new item of a block list, with its indentation. */
export function renderListItem(
  item: Json,
  { indent, oneLine }: { indent: number; oneLine: boolean },
): string {
  const margin = " ".repeat(indent);
  const line = oneLine ? renderOneLine(item) : null;
  if (line !== null) return `${margin}- ${line}`;
  if (isObject(item) && Object.keys(item).length > 0)
    return `${margin}- ${renderBlock(item, indent + 2).trimStart()}`;
  return `${margin}- ${renderItem(item, { flow: false, json: false, indent })}`;
}

/** Whether most items of a list are written as `- { … }`, or as plain values. */
export function writtenOnOneLine(list: YAMLSeq): boolean {
  const flow = list.items.filter((item) => !isCollection(item) || item.flow === true).length;
  return flow * 2 > list.items.length;
}

/** For positions of `after`, the position that the same item had; in order. */
function keptItems(before: Json[], after: Json[]): Map<number, number> {
  const kept = new Map<number, number>();
  let from = 0;
  after.forEach((item, index) => {
    const found = before.findIndex((old, position) => position >= from && sameJson(old, item));
    if (found === -1) return;
    kept.set(index, found);
    from = found + 1;
  });
  return kept;
}

function styleOf(node: Scalar): ScalarStyle {
  if (node.type === "QUOTE_SINGLE") return "single";
  if (node.type === "QUOTE_DOUBLE") return "double";
  return node.type === "PLAIN" ? "plain" : "literal";
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

function startOf(pair: Pair | undefined): number {
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "range" in value;
}
