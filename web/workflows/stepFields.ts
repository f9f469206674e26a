import { alternativesOf, languageSchema, listedValues } from "../../shared/workflow/assist/languageSchema.ts";
import type { LanguageSchema } from "../../shared/workflow/assist/languageSchema.ts";
import type { Json, JsonObject } from "../../shared/workflow/edit/json.ts";
import { isObject } from "../../shared/workflow/edit/json.ts";

/** A field of a step's form, derived from the language's schema. */
export interface StepField {
  key: string;
  /** How it is asked for. `lines`: one value a line; `pairs`: `KEY=value` a line; `yaml`: shown, edited in the YAML. */
  control: "text" | "paragraph" | "number" | "boolean" | "choice" | "lines" | "pairs" | "yaml";
  options: string[];
  hint: string;
  required: boolean;
}

/** Keys that have controls of their own, or none. */
const elsewhere = ["type", "step_id", "needs", "on_failure"];
const paragraphs = ["command", "goal", "message", "reason", "body"];

export function stepKinds(): { type: string; text: string }[] {
  return alternativesOf(languageSchema().properties?.["steps"]?.items ?? {}).map((kind) => ({
    type: String(kind.properties?.["type"]?.const),
    text: kind.description ?? "",
  }));
}

/** The fields of a kind of step, what it needs first. */
export function stepFields(type: string): StepField[] {
  const kind = kindOf(type);
  const required = kind?.required ?? [];
  const fields = Object.entries(kind?.properties ?? {})
    .filter(([key]) => !elsewhere.includes(key))
    .map(([key, schema]): StepField => ({
      key,
      ...controlOf(key, schema),
      hint: schema.description ?? "",
      required: required.includes(key),
    }));
  const rank = (field: StepField): number => (field.key === "name" ? 0 : field.required ? 1 : 2);
  return fields.sort((a, b) => rank(a) - rank(b));
}

function kindOf(type: string): LanguageSchema | undefined {
  const kinds = alternativesOf(languageSchema().properties?.["steps"]?.items ?? {});
  return kinds.find((kind) => kind.properties?.["type"]?.const === type);
}

function controlOf(key: string, schema: LanguageSchema): Pick<StepField, "control" | "options"> {
  const alternatives = alternativesOf(schema);
  const options = alternatives.flatMap(listedValues);
  const types = alternatives.map((one) => one.type);
  if (types.length === 1 && types[0] === "boolean") return { control: "boolean", options: [] };
  if (options.length > 1 && types.length === 1) return { control: "choice", options };
  if (types.includes("integer") || (types.length === 1 && types[0] === "number"))
    return { control: "number", options: [] };
  if (key === "env") return { control: "pairs", options: [] };
  if (types.includes("object")) return { control: "yaml", options: [] };
  if (types.includes("array")) return { control: "lines", options: [] };
  return { control: paragraphs.includes(key) ? "paragraph" : "text", options: [] };
}

/** A field's value as its control shows it. */
export function fieldText(field: StepField, value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (field.control === "lines") return (Array.isArray(value) ? value : [value]).map(plain).join("\n");
  if (field.control === "pairs" && isObject(value))
    return Object.entries(value)
      .map(([name, one]) => `${name}=${plain(one)}`)
      .join("\n");
  return plain(value);
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a control's text means; undefined takes the key out. Throws with what is wrong. */
export function fieldValue(field: StepField, text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  switch (field.control) {
    case "number": {
      const number = Number(text);
      if (!Number.isFinite(number)) throw new RangeError(`"${text}" is not a number`);
      return number;
    }
    case "boolean":
      return text === "true";
    case "lines": {
      return text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    }
    case "pairs":
      return pairsOf(text);
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

/** A new step of a kind, with what it must have. */
export function newStep(type: string): JsonObject {
  const samples: Record<string, Json> = {
    command: "npm test",
    goal: "Describe what the agent should reach",
    title: "Describe the change",
    reason: "Shall it go on?",
    message: "It is done",
  };
  const kind = kindOf(type);
  const step: JsonObject = { type };
  for (const key of kind?.required ?? []) {
    if (key === "type") continue;
    const [first] = alternativesOf(kind?.properties?.[key] ?? {}).flatMap(listedValues);
    step[key] = samples[key] ?? first ?? "";
  }
  return step;
}
