import { alternativesOf } from "../../shared/workflow/assist/languageSchema.ts";
import { namesAtPlace, type KnownNames } from "../../shared/workflow/assist/namesAtPlace.ts";
import type { WorkflowEdit } from "../../shared/workflow/edit/editWorkflow.ts";
import type { Json, JsonObject } from "../../shared/workflow/edit/json.ts";
import { isObject } from "../../shared/workflow/edit/json.ts";
import type { Finding } from "../../shared/workflow/parseWorkflow.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import { kindOf, type FormField } from "./formFields.ts";

export type FieldPath = readonly (string | number)[];

/** The file that forms show and edit; each field is a path into it. */
export interface WorkflowForm {
  value: () => JsonObject;
  findings: () => readonly Finding[];
  known: () => KnownNames;
  stepNames: () => readonly string[];
  readOnly: () => boolean;
  edit: (edit: WorkflowEdit) => void;
}

/** What is written at a path. */
export function valueAt(file: JsonObject, path: FieldPath): Json | undefined {
  let at: Json | undefined = file;
  for (const part of path) {
    if (Array.isArray(at)) at = at[Number(part)];
    else if (isObject(at) && Object.hasOwn(at, part)) at = at[part];
    else return undefined;
  }
  return at;
}

/** The first thing that the linter found at a path or inside it; errors before warnings. */
export function problemAt(findings: readonly Finding[], path: FieldPath): Problem | undefined {
  const inside = findings.filter((one) => path.every((part, index) => one.path?.[index] === part));
  return (inside.find((one) => one.problem.severity === "error") ?? inside[0])?.problem;
}

/** What was found on a mapping itself or on a key that has no field: shown above the fields. */
export function problemsBeside(
  findings: readonly Finding[],
  { path, fields }: { path: FieldPath; fields: readonly string[] },
): Problem[] {
  return findings
    .filter(({ path: at }) => at !== undefined && path.every((part, index) => at[index] === part))
    .filter(({ path: at = [] }) => !fields.includes(String(at[path.length] ?? "")))
    .map((one) => one.problem)
    .filter((problem) => problem.severity === "error");
}

export function problemInWords(problem: Problem): string {
  return problem.hint === undefined ? problem.message : `${problem.message} (${problem.hint})`;
}

/** Writes a field's value, or takes its key out. */
export function setField(form: WorkflowForm, path: FieldPath, value: Json | undefined): void {
  if (value !== undefined) form.edit({ kind: "set", path, value });
  else if (valueAt(form.value(), path) !== undefined) form.edit({ kind: "remove", path });
}

/** What may be typed into a field: values of the schema, then names of the file and the project. */
export function suggestionsAt(form: WorkflowForm, field: FormField, path: FieldPath): readonly string[] {
  if (field.options.length > 0) return field.options;
  const place = field.control === "list" ? [...path, 0] : path;
  const names = namesAtPlace(place, { known: form.known(), steps: form.stepNames() });
  if (names !== null) return names;
  // The default of a choice is one of its options.
  const options = path[0] === "inputs" && path.at(-1) === "default" ? siblingOptions(form, path) : [];
  return options.filter((option) => typeof option === "string");
}

function siblingOptions(form: WorkflowForm, path: FieldPath): Json[] {
  const options = valueAt(form.value(), [...path.slice(0, -1), "options"]);
  return Array.isArray(options) ? options : [];
}

/** The schema of the kind that a mapping of a variant has written as its `type`. */
export function variantOf(field: FormField, value: Json | undefined) {
  const type = isObject(value) ? value["type"] : undefined;
  return alternativesOf(field.schema).find((kind) => kind.properties?.["type"]?.const === type);
}

/** A name that a record does not have: `input`, `input_2`. */
export function freeName(record: Json | undefined, stem: string): string {
  const taken = isObject(record) ? record : {};
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? stem : `${stem}_${number}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}

/** The kind of the item that a path names, by its written type. */
export function kindAt(form: WorkflowForm, part: "steps" | "triggers" | "inputs", path: FieldPath) {
  const item = valueAt(form.value(), path);
  return kindOf(part, isObject(item) ? item["type"] : undefined);
}
