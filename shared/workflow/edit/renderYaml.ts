import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import type { Json } from "./json.ts";

/** How a text is written: as it was, if it can be. */
export type ScalarStyle = "plain" | "single" | "double" | "literal";

/** Where a value is written. */
export interface Surroundings {
  /** Inside `{ }` or `[ ]`. */
  flow: boolean;
  /** The file is JSON: everything is quoted as JSON has it. */
  json: boolean;
  /** Column of the key or dash that the value belongs to. */
  indent: number;
  style?: ScalarStyle | undefined;
  /** Texts of several lines are quoted on one: what follows would be read as their last line. */
  oneLine?: boolean | undefined;
}

const lineLimit = 100;

/** A value as it stands behind `key: ` or `- `: on one line, or going on in lines that carry their own indentation. */
export function renderValue(value: Json, place: Surroundings): string {
  if (place.json) return JSON.stringify(value);
  if (typeof value === "string") return renderText(value, place);
  if (typeof value !== "object" || value === null) return String(value);
  if (place.flow || isCompact(value)) return renderFlow(value, place);
  return `\n${renderBlock(value, place.indent + 2)}`;
}

/** `key: value`, without indentation before the key. */
export function renderPair(key: string, value: Json, place: Surroundings): string {
  if (place.json) return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  const written = renderValue(value, place);
  return `${renderKey(key)}:${written.startsWith("\n") ? "" : " "}${written}`;
}

/** A list's item behind its dash; a mapping starts on the line of the dash. `indent` is the dash's column. */
export function renderItem(value: Json, place: Surroundings): string {
  const written = renderValue(value, place);
  return written.startsWith("\n") ? written.trimStart() : written;
}

/** A step, or another mapping, in block style whatever its size; `indent` is the column of its keys. */
export function renderBlock(value: Json[] | { [key: string]: Json }, indent: number): string {
  const place = { flow: false, json: false, indent };
  const margin = " ".repeat(indent);
  const lines = Array.isArray(value)
    ? value.map((item) => `${margin}- ${renderItem(item, place)}`)
    : Object.entries(value).map(([key, item]) => `${margin}${renderPair(key, item, place)}`);
  return lines.join("\n");
}

/** Lists of plain values and small mappings of them are read best on one line. */
function isCompact(value: Json[] | { [key: string]: Json }): boolean {
  const items = Object.values(value);
  if (items.length === 0) return true;
  const isPlain = (item: Json): boolean =>
    (typeof item !== "object" || item === null || (Array.isArray(item) && item.every(isScalar))) &&
    !(typeof item === "string" && item.includes("\n"));
  if (!items.every(isPlain) || (!Array.isArray(value) && items.length > 4)) return false;
  return renderFlow(value, { flow: true, json: false, indent: 0 }).length <= 80;
}

function isScalar(value: Json): boolean {
  return typeof value !== "object" || value === null;
}

function renderFlow(value: Json, place: Surroundings): string {
  const inside: Surroundings = { ...place, flow: true, style: undefined };
  if (Array.isArray(value)) return `[${value.map((item) => renderFlow(item, inside)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return renderValue(value, inside);
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([key, item]) => `${renderKey(key)}: ${renderFlow(item, inside)}`).join(", ")} }`;
}

/** One line of a list of steps that are written so: `{ type: command, command: npm test }`; null if it does not fit. */
export function renderOneLine(value: Json): string | null {
  const written = renderFlow(value, { flow: true, json: false, indent: 0 });
  return written.length <= lineLimit ? written : null;
}

export function renderKey(key: string): string {
  return reads(`${key}: x`, { [key]: "x" }) && !/[,[\]{}#\n]/.test(key) ? key : JSON.stringify(key);
}

function renderText(text: string, place: Surroundings): string {
  if (!place.flow && text.includes("\n") && place.style !== "double" && place.oneLine !== true) {
    const literal = renderLiteral(text, place.indent + 2);
    if (literal !== null) return literal;
  }
  const single = `'${text.replaceAll("'", "''")}'`;
  const wanted = place.style === "single" ? [single] : place.style === "double" ? [] : [text];
  for (const written of wanted) {
    if (written.includes("\n") || text !== text.trim()) continue;
    const inFlow = !/[,[\]{}]/.test(written) || written.startsWith("'");
    if (place.flow && !inFlow && !reads(`[${written}]`, [text])) continue;
    if (reads(place.flow ? `[${written}]` : `k: ${written}`, place.flow ? [text] : { k: text }))
      return written;
  }
  return JSON.stringify(text);
}

/** `|` and its lines; null for text that a literal block cannot hold as it is. */
function renderLiteral(text: string, indent: number): string | null {
  if (/^\s/.test(text)) return null;
  const margin = " ".repeat(indent);
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const lines = body.split("\n").map((line) => (line === "" ? "" : margin + line));
  const written = `|${text.endsWith("\n") ? "" : "-"}\n${lines.join("\n")}`;
  return reads(`k: ${written}\n`, { k: text }) ? written : null;
}

/** Whether the library that reads workflow files reads this as meant. */
function reads(written: string, expected: unknown): boolean {
  try {
    return JSON.stringify(load(written, { schema: CORE_SCHEMA })) === JSON.stringify(expected);
  } catch (error) {
    if (error instanceof YAMLException) return false;
    throw error;
  }
}
