import { isMap, isSeq } from "yaml";
import { stepVariables } from "../stepTexts.ts";
import { completeExpression } from "./completeExpression.ts";
import { alternativesOf, listedValues, schemasAt } from "./languageSchema.ts";
import type { LanguageSchema } from "./languageSchema.ts";
import { namesAtPlace } from "./namesAtPlace.ts";
import type { KnownNames } from "./namesAtPlace.ts";
import { childOf, contextAt, keysOf, maxAssistedLength, textIn } from "./yamlContext.ts";
import type { YamlContext } from "./yamlContext.ts";

export interface Completion {
  label: string;
  /** What is written in place of the text from `from` to the cursor. */
  insert: string;
  kind: "key" | "value" | "name";
  /** Beside the label: the type, a step's name. */
  detail?: string;
  /** What it means. */
  info?: string;
}

export interface Completions {
  from: number;
  options: Completion[];
}

/** What may stand at the cursor. Pure: the whole text and an offset in, names out. Null where nothing is known. */
export function completeWorkflow(text: string, offset: number, known: KnownNames): Completions | null {
  if (text.length > maxAssistedLength) return null;
  const lineFrom = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(lineFrom, offset);
  if (/(^|\s)#/.test(before.replace(/"[^"]*"|'[^']*'/g, ""))) return null;
  const expression = expressionBefore(before);
  if (expression !== null) return inExpression(text, { offset, expression }, known);
  const word = /[\w$.:*/+@-]*$/.exec(before)?.[0].replace(/^-+$/, "") ?? "";
  const from = offset - word.length;
  const rest = /^[\w$.:*/+@-]*/.exec(text.slice(offset))?.[0] ?? "";
  const hasColon = rest.endsWith(":") || text.startsWith(":", offset + rest.length);
  const context = contextAt(text, { from, to: offset + rest.replace(/:$/, "").length });
  if (context === null) return null;
  const options =
    context.at === "key"
      ? keyOptions(context, hasColon)
      : valueOptions(context, { known, column: from - lineFrom, ownLine: before.trim() === word });
  return options.length === 0 ? null : { from, options };
}

/** The expression that the cursor is in, up to it, or null. */
function expressionBefore(before: string): string | null {
  const open = before.lastIndexOf("${{");
  if (open !== -1 && !before.slice(open).includes("}}")) return before.slice(open + 3);
  const condition = /(?:^|[\s{,-])if:\s+(["']?)(.*)$/.exec(before);
  return condition === null || condition[2]?.includes("}}") === true ? null : (condition[2] ?? "");
}

function inExpression(
  text: string,
  { offset, expression }: { offset: number; expression: string },
  known: KnownNames,
): Completions | null {
  const word = /\w*$/.exec(expression)?.[0] ?? "";
  const context = contextAt(text, { from: offset - word.length, to: offset });
  if (context === null) return null;
  const { path, root } = context;
  const variables =
    path[0] === "triggers"
      ? ["event", "project"]
      : path[0] === "concurrency"
        ? ["inputs", "event", "project"]
        : path.includes("env")
          ? [...stepVariables, "secrets"]
          : stepVariables;
  const own = path[0] === "steps" ? Number(path[1]) : -1;
  const completed = completeExpression(expression, {
    variables,
    inputs: keysOf(childOf(root, "inputs")),
    steps: stepIds(root).filter((_, index) => index !== own),
    secrets: [...new Set([...allowedSecrets(root), ...known.secrets])],
  });
  if (completed.options.length === 0) return null;
  return {
    from: offset - completed.typed,
    options: completed.options.map((label) => ({ label, insert: label, kind: "name" })),
  };
}

function keyOptions({ path, nodes, root }: YamlContext, hasColon: boolean): Completion[] {
  const written = new Set(keysOf(nodes.at(-1)));
  const found = new Map<string, Completion>();
  for (const schema of schemasAt(path, root)) {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (written.has(key) || found.has(key)) continue;
      found.set(key, keyCompletion(key, property, { required: schema.required, hasColon }));
    }
  }
  return [...found.values()];
}

function keyCompletion(
  key: string,
  property: LanguageSchema,
  { required = [], hasColon }: { required?: string[] | undefined; hasColon: boolean },
): Completion {
  const detail = typeWord(property) + (required.includes(key) ? ", required" : "");
  return {
    label: key,
    insert: hasColon ? key : `${key}: `,
    kind: "key",
    detail,
    ...(property.description === undefined ? {} : { info: property.description }),
  };
}

/** A type in a word or two, for a completion's detail. */
export function typeWord(schema: LanguageSchema): string {
  const words = alternativesOf(schema).map((one) => {
    if (one.enum !== undefined || one.const !== undefined) return "one of a list";
    const words: Record<string, string> = {
      string: "text", integer: "whole number", number: "number", boolean: "true or false", array: "list", object: "mapping",
    }; // prettier-ignore
    return words[String(one.type)] ?? "value";
  });
  return [...new Set(words)].join(" or ");
}

function valueOptions(
  context: YamlContext,
  { known, column, ownLine }: { known: KnownNames; column: number; ownLine: boolean },
): Completion[] {
  const names = namesAt(context, known);
  if (names !== null) return names;
  const schemas = schemasAt(context.path, context.root);
  // A list that is asked for takes one of its items too: `needs: test`.
  const values = schemas.flatMap((schema) =>
    listedValues(schema).map((label): Completion => ({
      label,
      insert: label,
      kind: "value",
      ...(schema.description === undefined ? {} : { info: schema.description }),
    })),
  );
  if (values.length > 0) return values;
  const kinds = schemas.filter((schema) => schema.properties?.["type"]?.const !== undefined);
  if (context.at === "item" && kinds.length > 1) return kinds.map((kind) => kindCompletion(kind, column));
  // A mapping's first key, on the line below its own.
  return ownLine || context.at === "item" ? keyOptions({ ...context, nodes: [] }, false) : [];
}

/** A new step or trigger with what it needs, its keys in lines below each other. */
function kindCompletion(kind: LanguageSchema, column: number): Completion {
  const type = String(kind.properties?.["type"]?.const);
  const keys = (kind.required ?? []).filter((key) => key !== "type");
  const lines = keys.map((key) => {
    const [first] = alternativesOf(kind.properties?.[key] ?? {}).flatMap(listedValues);
    return `\n${" ".repeat(column)}${key}: ${first ?? ""}`;
  });
  return {
    label: `type: ${type}`,
    insert: `type: ${type}${lines.join("")}`,
    kind: "value",
    ...(kind.description === undefined ? {} : { info: kind.description }),
  };
}

/** Places that hold names which are known from elsewhere in the file or the project. */
function namesAt({ path, root }: YamlContext, known: KnownNames): Completion[] | null {
  if (path[0] === "steps" && path[2] === "needs") return stepNames(root, Number(path[1]));
  const steps = stepNames(root, -1).map((one) => one.detail ?? one.label);
  const names = namesAtPlace(path, { known, steps });
  return names?.map((label) => ({ label, insert: label, kind: "name" })) ?? null;
}

function stepNames(root: unknown, own: number): Completion[] {
  const steps = childOf(root, "steps");
  return stepIds(root).flatMap((id, index) => {
    if (index === own) return [];
    const step = childOf(steps, index);
    const name = textIn(step, "name") ?? textIn(step, "command") ?? textIn(step, "goal");
    return [
      { label: id, insert: id, kind: "name" as const, ...(name === undefined ? {} : { detail: name }) },
    ];
  });
}

function stepIds(root: unknown): string[] {
  const steps = childOf(root, "steps");
  if (!isSeq(steps)) return [];
  return steps.items.map((step, index) => textIn(step, "step_id") ?? `s${index + 1}`);
}

function allowedSecrets(root: unknown): string[] {
  const allowed = childOf(childOf(childOf(root, "policies"), "secrets"), "allowed");
  return isSeq(allowed) ? allowed.items.map((item) => (isMap(item) ? "" : String(item))) : [];
}
