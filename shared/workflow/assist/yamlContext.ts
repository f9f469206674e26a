import type { Node, Pair, ParsedNode } from "yaml";
import { isMap, isPair, isScalar, isSeq, parseDocument, visit } from "yaml";

/** Where a place in a workflow file is, also while the file is half written. */
export interface YamlContext {
  /** Keys and indexes from the root to the place; for a key, to the mapping that it is in. */
  path: (string | number)[];
  /** A key of a mapping, the value behind a key, or a list's item. */
  at: "key" | "value" | "item";
  /** The mappings and lists on the way, from the root; as many as `path` has parts, then the innermost mapping of a key. */
  nodes: (ParsedNode | null)[];
  root: ParsedNode | null;
}

/** Above this, nothing is offered: reading again on a keystroke would be felt. */
export const maxAssistedLength = 200_000;

/** Stands for what is being typed, so that an empty place is a place too. Of the private use area: no file holds it. */
const marker = "\uE000";

/** The context at an offset, with what stands from `from` to `to` taken as the word that is being typed. */
export function contextAt(text: string, { from, to }: { from: number; to: number }): YamlContext | null {
  if (text.length > maxAssistedLength) return null;
  const marked = text.slice(0, from) + marker + text.slice(to);
  return find(marked, (node) => isScalar(node) && (node.source ?? "").includes(marker));
}

/** The context of the key or value that an offset is in. */
export function contextOf(text: string, offset: number): YamlContext | null {
  if (text.length > maxAssistedLength) return null;
  return find(text, (node) => {
    const range = node.range;
    return isScalar(node) && Array.isArray(range) && range[0] <= offset && offset < range[1];
  });
}

function find(text: string, matches: (node: Node) => boolean): YamlContext | null {
  const document = parseDocument(text, { keepSourceTokens: false, logLevel: "silent", uniqueKeys: false });
  let found: YamlContext | null = null;
  visit(document, {
    Node(key, node, ancestors) {
      if (!matches(node)) return undefined;
      found = describe([...ancestors, node], { key, root: document.contents });
      return visit.BREAK;
    },
  });
  return found;
}

function describe(
  ancestors: readonly unknown[],
  { key, root }: { key: unknown; root: ParsedNode | null },
): YamlContext {
  const path: (string | number)[] = [];
  const nodes: (ParsedNode | null)[] = [];
  ancestors.forEach((one, index) => {
    const child = ancestors[index + 1];
    if (isSeq(one)) {
      path.push(one.items.indexOf(child));
      nodes.push(one as ParsedNode);
    } else if (isMap(one)) {
      nodes.push(one as ParsedNode);
    } else if (isPair(one) && child !== undefined && one.value === child) {
      path.push(keyOf(one));
    }
  });
  const at = key === "key" ? "key" : key === "value" ? "value" : "item";
  return { path, at, nodes, root };
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

/** The text that a mapping has under a key, if it is a plain value. */
export function textIn(node: unknown, key: string): string | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((one) => keyOf(one) === key);
  return isScalar(pair?.value) && typeof pair.value.value === "string" ? pair.value.value : undefined;
}

export function keysOf(node: unknown): string[] {
  return isMap(node) ? node.items.map(keyOf).filter((key) => !key.includes(marker)) : [];
}

/** The node under a key or index. */
export function childOf(node: unknown, part: string | number): unknown {
  if (isSeq(node)) return node.items[Number(part)];
  if (!isMap(node)) return undefined;
  return node.items.find((one) => keyOf(one) === part)?.value ?? undefined;
}
