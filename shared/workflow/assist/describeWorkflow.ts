import { alternativesOf, listedValues, schemasAt } from "./languageSchema.ts";
import type { LanguageSchema } from "./languageSchema.ts";
import { typeWord } from "./completeWorkflow.ts";
import { contextOf } from "./yamlContext.ts";

/** What a key of the language is, for a hover. */
export interface KeyDescription {
  /** The key's place, such as `steps.on_failure.type`. */
  title: string;
  type: string;
  text: string;
  values: string[];
  /** As it would be written; absent where there is none. */
  default?: string;
}

/** The description of the key, or of the value's key, that an offset is in; null where the language has none. */
export function describeWorkflow(text: string, offset: number): KeyDescription | null {
  const context = contextOf(text, offset);
  if (context === null) return null;
  const word = /[\w$]*$/.exec(text.slice(0, offset))?.[0] ?? "";
  const key = word + (/^[\w$]*/.exec(text.slice(offset))?.[0] ?? "");
  const path = context.at === "key" ? [...context.path, key] : context.path;
  const schemas = schemasAt(path.slice(0, -1), context.root);
  const last = path.at(-1);
  const found =
    typeof last === "string"
      ? schemas.map((schema) => schema.properties?.[last]).find((schema) => schema !== undefined)
      : undefined;
  if (found === undefined) return null;
  const title = path.filter((part) => typeof part === "string").join(".");
  const kind = last === "type" && schemas.length === 1 ? schemas[0]?.description : undefined;
  return describe(found, { title, text: kind ?? found.description ?? "" });
}

function describe(schema: LanguageSchema, { title, text }: { title: string; text: string }): KeyDescription {
  const values = [...new Set(alternativesOf(schema).flatMap(listedValues))];
  const isPlain = ["string", "number", "boolean"].includes(typeof schema.default);
  return {
    title,
    type: typeWord(schema),
    text,
    values: values.length > 1 ? values : [],
    ...(isPlain ? { default: String(schema.default) } : {}),
  };
}
