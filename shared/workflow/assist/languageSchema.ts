import { workflowJsonSchema } from "../jsonSchema.ts";
import { childOf, textIn } from "./yamlContext.ts";

/** The parts of JSON Schema that the language's own schema uses. */
export interface LanguageSchema {
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  properties?: Record<string, LanguageSchema>;
  additionalProperties?: LanguageSchema | false;
  required?: string[];
  items?: LanguageSchema;
  oneOf?: LanguageSchema[];
  anyOf?: LanguageSchema[];
}

let root: LanguageSchema | undefined;

export function languageSchema(): LanguageSchema {
  root ??= workflowJsonSchema();
  return root;
}

/** The alternatives of a schema, or itself. */
export function alternativesOf(schema: LanguageSchema): LanguageSchema[] {
  return (schema.oneOf ?? schema.anyOf ?? [schema]).flatMap((one) =>
    one.oneOf === undefined && one.anyOf === undefined ? [one] : alternativesOf(one),
  );
}

/**
 * The schemas that a value at a path may have. Where there are kinds (steps, triggers), those that fit the `type` that
 * is written, or all of them while none is.
 */
export function schemasAt(path: readonly (string | number)[], rootNode: unknown): LanguageSchema[] {
  let schemas = alternativesOf(languageSchema());
  let node = rootNode;
  for (const part of path) {
    node = childOf(node, part);
    const type = textIn(node, "type");
    schemas = ofType(schemas.flatMap((schema) => stepInto(schema, part)).flatMap(alternativesOf), type);
  }
  return schemas;
}

function stepInto(schema: LanguageSchema, part: string | number): LanguageSchema[] {
  if (typeof part === "number") return schema.items === undefined ? [] : [schema.items];
  const property = Object.hasOwn(schema.properties ?? {}, part) ? schema.properties?.[part] : undefined;
  if (property !== undefined) return [property];
  return schema.additionalProperties === undefined || schema.additionalProperties === false
    ? []
    : [schema.additionalProperties];
}

function ofType(schemas: LanguageSchema[], type: string | undefined): LanguageSchema[] {
  const fitting = schemas.filter((schema) => schema.properties?.["type"]?.const === type);
  return type === undefined || fitting.length === 0 ? schemas : fitting;
}

/** The values that a schema lists. */
export function listedValues(schema: LanguageSchema): string[] {
  if (schema.type === "boolean") return ["true", "false"];
  const values = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
  return values.map(String);
}
