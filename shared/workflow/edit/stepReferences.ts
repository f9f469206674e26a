import { splitTemplate } from "../expressions.ts";
import type { Json, JsonObject } from "./json.ts";
import { isObject } from "./json.ts";

/** Names in expressions, read and renamed without compiling: a file that is being edited may be wrong. */

type Owner = "steps" | "inputs";

interface Renaming {
  /** Whose name it is. */
  of: Owner;
  from: string;
  to: string;
}

const behind = /(?:(\s*\.\??\s*)([A-Za-z_]\w*)|(\s*\[\??\s*)("[^"\\]*"|'[^'\\]*')(\s*\]))/.source;
const references: Record<Owner, RegExp> = {
  steps: new RegExp(`(?<![\\w.\\]])steps${behind}`, "g"),
  inputs: new RegExp(`(?<![\\w.\\]])inputs${behind}`, "g"),
};
const literal = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;

/** Every step that something in the file names, in `needs` or in an expression. */
export function stepsReadBy(file: JsonObject): Set<string> {
  const names = new Set<string>();
  const collect = (source: string): string => {
    rename(source, "steps", (name) => {
      names.add(name);
      return name;
    });
    return source;
  };
  const steps = Array.isArray(file["steps"]) ? file["steps"] : [];
  for (const step of steps.filter(isObject)) {
    const needs = step["needs"];
    for (const need of Array.isArray(needs) ? needs : [needs]) if (typeof need === "string") names.add(need);
    inStep(step, collect);
  }
  const outputs = file["outputs"];
  for (const value of isObject(outputs) ? Object.values(outputs) : [])
    if (typeof value === "string") inTemplate(value, collect);
  return names;
}

/** A file with a step or an input called otherwise wherever `needs` and expressions name it. */
export function renameInFile(file: JsonObject, renaming: Renaming): JsonObject {
  const renamed = { ...file };
  const template = (value: Json): Json =>
    typeof value === "string" ? inTemplate(value, (source) => renameInSource(source, renaming)) : value;
  const { steps, outputs, concurrency } = file;
  if (Array.isArray(steps))
    renamed["steps"] = steps.map((step) => (isObject(step) ? renameInStep(step, renaming) : step));
  if (isObject(outputs))
    renamed["outputs"] = Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [name, template(value)]),
    );
  if (isObject(concurrency) && concurrency["group"] !== undefined)
    renamed["concurrency"] = { ...concurrency, group: template(concurrency["group"]) };
  return renamed;
}

function renameInStep(step: JsonObject, renaming: Renaming): JsonObject {
  const renamed = inStep(step, (source) => renameInSource(source, renaming));
  if (renaming.of !== "steps") return renamed;
  const needs = renamed["needs"];
  if (needs === renaming.from) return { ...renamed, needs: renaming.to };
  if (!Array.isArray(needs)) return renamed;
  return { ...renamed, needs: needs.map((need) => (need === renaming.from ? renaming.to : need)) };
}

function renameInSource(source: string, { of, from, to }: Renaming): string {
  return rename(source, of, (name) => (name === from ? to : name));
}

function inStep(step: JsonObject, change: (source: string) => string): JsonObject {
  return Object.fromEntries(
    Object.entries(step).map(([key, value]) => {
      if (key !== "if" || typeof value !== "string") return [key, inStrings(value, change)];
      return [key, value.includes("${{") ? inTemplate(value, change) : change(value)];
    }),
  );
}

function inStrings(value: Json, change: (source: string) => string): Json {
  if (typeof value === "string") return inTemplate(value, change);
  if (Array.isArray(value)) return value.map((item) => inStrings(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inStrings(item, change)]));
}

function inTemplate(text: string, change: (source: string) => string): string {
  if (!text.includes("${{")) return text;
  let result = "";
  let at = 0;
  for (const piece of splitTemplate(text)) {
    if (piece.kind !== "expression") continue;
    result += text.slice(at, piece.start) + change(piece.source);
    at = piece.start + piece.source.length;
  }
  return result + text.slice(at);
}

/** Replaces names, but not inside text literals that only look like it. */
function rename(source: string, of: Owner, nameOf: (name: string) => string): string {
  const literals = [...source.matchAll(literal)].map(
    (match) => [match.index, match.index + match[0].length] as const,
  );
  return source.replace(references[of], (whole: string, ...groups: unknown[]) => {
    const [dot, plain, open, quoted, close] = groups as (string | undefined)[];
    const offset = Number(groups.at(-2));
    if (literals.some(([start, end]) => offset > start && offset < end)) return whole;
    const name = plain ?? quoted?.slice(1, -1) ?? "";
    const next = nameOf(name);
    if (next === name) return whole;
    if (open !== undefined)
      return `${of}${open}${quoted?.charAt(0) ?? '"'}${next}${quoted?.charAt(0) ?? '"'}${close ?? "]"}`;
    if (/^[A-Za-z_]\w*$/.test(next)) return `${of}${dot ?? "."}${next}`;
    return dot?.includes("?") === true ? `${of}[?"${next}"]` : `${of}["${next}"]`;
  });
}
