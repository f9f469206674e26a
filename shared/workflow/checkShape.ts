import { z } from "zod";
import { nameHint } from "./nearestName.ts";
import type { Problem } from "./problem.ts";
import { workflowFileSchema } from "./schema.ts";
import type { WorkflowFile } from "./schema.ts";
import { maxProblems } from "./workflowSource.ts";
import type { WorkflowSource } from "./workflowSource.ts";

type Issue = z.core.$ZodIssue;
export type ShapeResult = { ok: true; file: WorkflowFile } | { ok: false; problems: Problem[] };

/** Checks keys, types and values against the schema; each finding has its place and, where one is near, the right name. */
export function checkShape(source: WorkflowSource): ShapeResult {
  const parsed = workflowFileSchema.safeParse(source.value);
  if (parsed.success) return { ok: true, file: parsed.data };
  const issues = parsed.error.issues.slice(0, maxProblems);
  return { ok: false, problems: issues.flatMap((issue) => toProblems(issue, source)) };
}

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function toProblems(issue: Issue, source: WorkflowSource): Problem[] {
  const path = issue.path.map((segment) => (typeof segment === "symbol" ? String(segment) : segment));
  const value = valueAt(source.value, path);
  const name = placeName(path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(workflowFileSchema, path, source.value);
      return issue.keys.slice(0, maxProblems).map((key) =>
        source.problem("unknown_key", `unknown key "${key}"${path.length > 0 ? ` in ${name}` : ""}`, {
          path: [...path, key],
          part: "key",
          hint: nameHint(key, known),
        }),
      );
    }
    case "invalid_type": {
      if (value !== undefined)
        return [source.problem("wrong_type", wrongType(name, issue.expected, value), { path })];
      return [missing(path, source)];
    }
    case "invalid_value": {
      const known = issue.values.map(String);
      if (value === undefined) return [missing(path, source)];
      const message = `${name} is ${show(value)}, which is not one of its values`;
      return [
        source.problem("bad_value", message, {
          path,
          hint: nameHint(show(value).replaceAll('"', ""), known),
        }),
      ];
    }
    case "invalid_union":
      return unionProblems(issue, { path, value, name, source });
    case "invalid_key":
      return [
        source.problem("bad_value", `the name ${show(path.at(-1))} is not valid`, {
          path,
          part: "key",
          hint: issue.issues[0]?.message,
        }),
      ];
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "not_multiple_of":
    case "too_big":
    case "too_small":
      return [source.problem("bad_value", `${name} is ${show(value)}: ${reason(issue)}`, { path })];
  }
}

interface At {
  path: (string | number)[];
  value: unknown;
  name: string;
  source: WorkflowSource;
}

function unionProblems(
  issue: Extract<Issue, { code: "invalid_union" }>,
  { path, value, name, source }: At,
): Problem[] {
  const discriminator = "discriminator" in issue ? issue.discriminator : undefined;
  if (typeof discriminator !== "string") {
    if (value === undefined) return [missing(path, source)];
    // Of the alternatives, the one that accepts this kind of value says what is wrong inside it.
    const inner = issue.errors.find((issues) =>
      issues.every((one) => one.code !== "invalid_type" || one.path.length > 0),
    );
    if (inner !== undefined)
      return inner.flatMap((one) => toProblems({ ...one, path: [...path, ...one.path] }, source));
    const expected = issue.errors.flatMap((issues) =>
      issues[0]?.code === "invalid_type" ? [issues[0].expected] : [],
    );
    return [
      source.problem("wrong_type", wrongType(name, [...new Set(expected)].join(" or "), value), { path }),
    ];
  }
  const parent = path.at(-1) === discriminator ? path.slice(0, -1) : path;
  const holder = valueAt(source.value, parent);
  if (!isRecord(holder)) {
    return [source.problem("wrong_type", wrongType(placeName(parent), "object", holder), { path: parent })];
  }
  const written = holder[discriminator];
  if (written === undefined) return [missing([...parent, discriminator], source)];
  const known = discriminatorValues(schemaAt(workflowFileSchema, parent, source.value), discriminator);
  const message = `${discriminator} is ${show(written)}, which is not one of its values`;
  return [
    source.problem("bad_value", message, {
      path: [...parent, discriminator],
      hint: nameHint(show(written).replaceAll('"', ""), known),
    }),
  ];
}

function missing(path: (string | number)[], source: WorkflowSource): Problem {
  const parent = path.slice(0, -1);
  const where = parent.length > 0 ? ` in ${placeName(parent)}` : "";
  return source.problem("missing_key", `"${path.at(-1)}" is missing${where}`, { path });
}

function reason(issue: Issue): string {
  if (issue.code === "too_small" && issue.origin === "string") return "it must not be empty";
  if (issue.code === "too_small" && issue.origin === "array" && issue.minimum === 1)
    return "it needs at least one";
  if (issue.code === "too_small")
    return `it must be ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
  if (issue.code === "too_big") return `it must be at most ${issue.maximum}`;
  return issue.message;
}

const typeNames: Record<string, string> = {
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function wrongType(name: string, expected: string, value: unknown): string {
  const wanted = expected.split(" or ").map((one) => typeNames[one] ?? one);
  return `${name} must be ${wanted.join(" or ")}, not ${kindOf(value)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object"
    ? "a mapping"
    : `${typeNames[typeof value] ?? typeof value} (${show(value)})`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** `steps[2].on_failure`, as people write it. */
function placeName(path: readonly (string | number)[]): string {
  if (path.length === 0) return "the file";
  return path.map((one, i) => (typeof one === "number" ? `[${one}]` : i === 0 ? one : `.${one}`)).join("");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const segment of path) {
    if (Array.isArray(at)) at = at[Number(segment)];
    else if (isRecord(at) && Object.hasOwn(at, segment)) at = at[segment];
    else return undefined;
  }
  return at;
}

/** Names that are allowed at a path, found by walking the schema beside the value (which picks union members). */
function keysAt(root: z.ZodType, path: readonly (string | number)[], value: unknown): string[] {
  const schema = schemaAt(root, path, value);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function schemaAt(
  root: z.ZodType,
  path: readonly (string | number)[],
  value: unknown,
): z.ZodType | undefined {
  let schema: z.ZodType | undefined = choose(root, value);
  let at = value;
  for (const segment of path) {
    at = valueAt(at, [segment]);
    if (schema instanceof z.ZodObject) schema = (schema.shape as Record<string, z.ZodType>)[segment];
    else if (schema instanceof z.ZodArray) schema = schema.element as z.ZodType;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType as z.ZodType;
    else return undefined;
    schema = schema === undefined ? undefined : choose(schema, at);
  }
  return schema;
}

function choose(schema: z.ZodType, value: unknown): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return choose(schema.unwrap() as z.ZodType, value);
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion) || !isRecord(value)) return schema;
  const key = schema.def.discriminator;
  const member = schema.options.find((option) =>
    literalsOf(option as z.ZodType, key).includes(String(value[key])),
  );
  return (member as z.ZodType | undefined) ?? schema;
}

function discriminatorValues(schema: z.ZodType | undefined, key: string): string[] {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return [];
  return schema.options.flatMap((option) => literalsOf(option as z.ZodType, key));
}

function literalsOf(option: z.ZodType, key: string): string[] {
  const literal = option instanceof z.ZodObject ? (option.shape as Record<string, unknown>)[key] : undefined;
  return literal instanceof z.ZodLiteral ? [...literal.values].map(String) : [];
}
