import { alternativesOf, languageSchema, listedValues } from "../../shared/workflow/assist/languageSchema.ts";
import type { LanguageSchema } from "../../shared/workflow/assist/languageSchema.ts";
import type { Json, JsonObject } from "../../shared/workflow/edit/json.ts";
import { isObject } from "../../shared/workflow/edit/json.ts";

/**
 * Forms of a workflow file, derived from the language's schema: what is in it is in the forms, with the same words that
 * the YAML editor shows.
 */

/**
 * How a value is asked for. `list`: texts; `pairs`: `NAME=value` a line; `group`: its fields; `variant`: its kind, then
 * that kind's fields; `yaml`: shown, edited in the YAML.
 */
export type FormControl =
  "text" | "paragraph" | "number" | "boolean" | "choice" | "list" | "pairs" | "group" | "variant" | "yaml";

export interface FormField {
  key: string;
  schema: LanguageSchema;
  control: FormControl;
  options: string[];
  hint: string;
  required: boolean;
}

const paragraphs = ["command", "goal", "message", "reason", "body", "description"];

/** The kinds of a list's or record's items that have a `type`: of steps, triggers, inputs. */
export function kindsOf(part: "steps" | "triggers" | "inputs"): { type: string; text: string }[] {
  return alternativesOf(itemsOf(part)).map((kind) => ({ type: typeOf(kind), text: kind.description ?? "" }));
}

/** The schema of one kind; undefined for a type that the language does not have. */
export function kindOf(part: "steps" | "triggers" | "inputs", type: unknown): LanguageSchema | undefined {
  return alternativesOf(itemsOf(part)).find((kind) => typeOf(kind) === type);
}

function itemsOf(part: "steps" | "triggers" | "inputs"): LanguageSchema {
  const schema = languageSchema().properties?.[part];
  const items = schema?.items ?? schema?.additionalProperties;
  return items === undefined || items === false ? {} : items;
}

function typeOf(kind: LanguageSchema): string {
  return String(kind.properties?.["type"]?.const);
}

/** The fields of a mapping, what it needs first; `without` are asked for elsewhere. */
export function fieldsOf(schema: LanguageSchema | undefined, without: readonly string[] = []): FormField[] {
  const required = schema?.required ?? [];
  const fields = Object.entries(schema?.properties ?? {})
    .filter(([key, property]) => !without.includes(key) && !(key === "type" && property.const !== undefined))
    .map(([key, property]): FormField => ({
      key,
      schema: property,
      ...controlOf(key, property),
      hint: property.description ?? "",
      required: required.includes(key),
    }));
  const rank = (field: FormField): number => (field.key === "name" ? 0 : field.required ? 1 : 2);
  return fields.sort((a, b) => rank(a) - rank(b));
}

function controlOf(key: string, schema: LanguageSchema): Pick<FormField, "control" | "options"> {
  const alternatives = alternativesOf(schema);
  const options = alternatives.flatMap(listedValues);
  const types = alternatives.map((one) => one.type);
  // A default that is false is shown as an empty box; whether there is one at all needs a third answer.
  if (types.length === 1 && types[0] === "boolean" && key !== "default")
    return { control: "boolean", options: [] };
  if (options.length > 1 && types.length === 1) return { control: "choice", options };
  if (types.includes("integer") || (types.length === 1 && types[0] === "number"))
    return { control: "number", options: [] };
  if (types.includes("object")) return { control: objectControl(alternatives), options: [] };
  if (types.includes("array")) return { control: "list", options: alternatives.flatMap(itemValues) };
  return { control: paragraphs.includes(key) ? "paragraph" : "text", options: [] };
}

function objectControl(alternatives: readonly LanguageSchema[]): FormControl {
  const [only] = alternatives;
  if (alternatives.every((one) => one.properties?.["type"]?.const !== undefined)) return "variant";
  if (alternatives.length > 1 || only === undefined) return "yaml";
  if (only.properties !== undefined) return "group";
  const values = only.additionalProperties;
  const types = values === undefined || values === false ? [] : [values.type ?? []].flat();
  return types.length > 0 && types.every((type) => ["string", "number", "boolean"].includes(type))
    ? "pairs"
    : "yaml";
}

function itemValues(schema: LanguageSchema): string[] {
  return schema.items === undefined ? [] : listedValues(schema.items);
}

/** A list's texts; one text stands for a list of one. */
export function listOf(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map(plain);
}

/** A field's value as its control shows it. */
export function fieldText(field: Pick<FormField, "control">, value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (field.control === "pairs" && isObject(value))
    return Object.entries(value)
      .map(([name, one]) => `${name}=${plain(one)}`)
      .join("\n");
  return plain(value);
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether a control can hold the value that is written; where not, it is edited in the YAML. */
export function fits(field: FormField, value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  switch (field.control) {
    case "list":
      return listOf(value).every((item) => !item.includes("\n")) && !isObject(value);
    case "pairs":
      return isObject(value) && Object.values(value).every((one) => !plain(one).includes("\n"));
    case "group":
    case "variant":
      return isObject(value);
    case "text":
      return typeof value !== "object" && !String(value).includes("\n");
    default:
      return typeof value !== "object";
  }
}

/** What a control's text means; undefined takes the key out. Throws RangeError with what is wrong. */
export function fieldValue(field: Pick<FormField, "control" | "schema">, text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  switch (field.control) {
    case "number": {
      const number = Number(text);
      if (!Number.isFinite(number)) throw new RangeError(`"${text}" is not a number`);
      return number;
    }
    case "pairs":
      return pairsOf(text);
    case "choice":
      return field.schema.type === "boolean" ? text === "true" : text;
    default:
      return text;
  }
}

function pairsOf(text: string): JsonObject {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line): [string, Json] => {
      const equals = line.indexOf("=");
      if (equals < 1) throw new RangeError(`"${line}" is not NAME=value`);
      return [line.slice(0, equals).trim(), line.slice(equals + 1)];
    }),
  );
}

/** What a field holds while it is empty, as it would be written; undefined where the language has no such value. */
export function defaultText({ schema, control }: FormField): string | undefined {
  const value = schema.default;
  if (Array.isArray(value)) return value.length > 0 ? value.join(", ") : undefined;
  if (value === "" || control === "group") return undefined;
  return ["string", "number"].includes(typeof value) ? String(value) : undefined;
}

/** What new items start with: right as it is, and easily seen to be a sample. */
const samples: Record<string, Json> = {
  command: "npm test",
  goal: "Describe what the agent should reach",
  title: "Describe the change",
  reason: "Shall it go on?",
  message: "It is done",
  cron: "0 9 * * 1-5",
  workflow: "ci.yaml",
  name: "incoming",
  secret_ref: "WEBHOOK_SECRET",
  max_attempts: 2,
  options: ["first", "second"],
};

/** A new mapping of a kind, with what it must have; what `before` has and the kind takes is kept. */
export function newItem(kind: LanguageSchema | undefined, before: JsonObject = {}): JsonObject {
  const made: JsonObject = { type: typeOf(kind ?? {}) };
  for (const [key, property] of Object.entries(kind?.properties ?? {})) {
    if (key === "type") continue;
    const kept = before[key];
    if (kept !== undefined && (key !== "default" || typeof kept === property.type)) made[key] = kept;
    else if (kind?.required?.includes(key) === true) {
      const [first] = alternativesOf(property).flatMap(listedValues);
      made[key] = samples[key] ?? first ?? "";
    }
  }
  return made;
}
