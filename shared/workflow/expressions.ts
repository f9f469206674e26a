import { Environment, EvaluationError, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";
import type { ASTNode } from "@marcbachmann/cel-js";
import { CoderError } from "../errors.ts";
import { nameHint } from "./nearestName.ts";
import type { WorkflowInput } from "./schema.ts";

/**
 * Expressions of the workflow language: CEL (https://cel.dev), in `if` and inside `${{ }}`.
 * One deviation: a number of ours is a CEL double, and doubles may be mixed with integers in arithmetic,
 * because YAML and JSON do not tell `7` from `7.0`.
 */

/** JSON as it comes out of events, inputs and outputs. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** What expressions can see. `steps` holds finished steps only; `secrets` is set for the `env` of commands only. */
export interface ExpressionContext {
  inputs: Record<string, Value>;
  event: Record<string, Value>;
  project: { provider: string; owner: string; repo: string; ref: string };
  run: { id: string; number: number; commit: string; trigger: string; attempt: number };
  steps: Record<string, { status: string; outputs: Record<string, Value> }>;
  secrets?: Record<string, string>;
}

export type Variable = keyof ExpressionContext;

/** What is known when a file is linted. */
export interface ExpressionScope {
  /** Which variables this place may read. */
  variables: readonly Variable[];
  inputs: Record<string, WorkflowInput>;
}

/** What is wrong with an expression; `start` and `end` count UTF-16 units of its source. */
export interface ExpressionProblem {
  message: string;
  start: number;
  end: number;
  hint?: string;
}

/** A name that the expression reads, such as `steps.s1` (`variable` "steps", `name` "s1", `field` "status"). */
export interface Reference {
  variable: string;
  name: string;
  field: string | undefined;
  start: number;
  end: number;
}

export type CompiledExpression =
  | {
      ok: true;
      type: string;
      references: Reference[];
      /** Set when it reads no variable. */ constant?: unknown;
    }
  | { ok: false; problem: ExpressionProblem };

const limits = { maxAstNodes: 500, maxDepth: 50 };
const celOptions = { enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits };

function baseEnvironment(): Environment {
  const environment = new Environment(celOptions);
  const mixed: [string, (a: number, b: number) => number][] = [
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
  ];
  for (const [operator, apply] of mixed) {
    const handler = (a: unknown, b: unknown): number => apply(Number(a), Number(b));
    environment.registerOperator(`double ${operator} int: double`, handler);
    environment.registerOperator(`int ${operator} double: double`, handler);
  }
  environment.registerOperator("double == int", (a: unknown, b: unknown) => Number(a) === Number(b));
  return environment;
}

/** Every variable with its type, but for `inputs`, whose fields each workflow declares. */
const checkEnvironment = baseEnvironment()
  .registerType("Step", { fields: { status: "string", outputs: "map<string, dyn>" } })
  .registerVariable("event", "map<string, dyn>")
  .registerVariable("project", {
    schema: { provider: "string", owner: "string", repo: "string", ref: "string" },
  })
  .registerVariable("run", {
    schema: { id: "string", number: "double", commit: "string", trigger: "string", attempt: "double" },
  })
  .registerVariable("steps", "map<string, Step>")
  .registerVariable("secrets", "map<string, string>");

const allVariables: readonly Variable[] = ["inputs", "event", "project", "run", "steps", "secrets"];

/** At run time every variable is dynamic: values were typed when the file was linted, and JSON objects are maps. */
const runEnvironment = allVariables.reduce(
  (environment, name) => environment.registerVariable(name, "dyn"),
  baseEnvironment(),
);

const inputTypes = { string: "string", choice: "string", number: "double", boolean: "bool" } as const;

export interface ExpressionChecker {
  /** Parses and type-checks; the same question again costs a look-up. */
  compile(source: string, variables: readonly Variable[]): CompiledExpression;
}

/** How many files' inputs are remembered, and how many characters of expressions for each. */
const kept = { checkers: 16, characters: 1_000_000 };
const checkers = new Map<string, ExpressionChecker>();

/**
 * Type-checks the expressions of a file. What an expression is depends on the types of the inputs alone: files that
 * agree in them, such as one file before and after a keystroke, share what is known already.
 */
export function makeExpressionChecker(inputs: Record<string, WorkflowInput>): ExpressionChecker {
  const types = Object.entries(inputs).map(([name, input]): [string, string] => [
    name,
    inputTypes[input.type],
  ]);
  const key = JSON.stringify(types);
  const known = checkers.get(key);
  if (known !== undefined) return known;
  const made = makeChecker(types, inputs);
  if (checkers.size >= kept.checkers) checkers.delete(checkers.keys().next().value ?? "");
  checkers.set(key, made);
  return made;
}

function makeChecker(
  types: readonly [string, string][],
  inputs: Record<string, WorkflowInput>,
): ExpressionChecker {
  const environment = checkEnvironment.clone();
  // A schema without fields would be refused, and reading any name of it must be an error all the same.
  environment.registerVariable("inputs", {
    schema: types.length > 0 ? Object.fromEntries(types) : { "": "string" },
  });
  let byVariables = new WeakMap<readonly Variable[], Map<string, CompiledExpression>>();
  let characters = 0;
  return {
    compile(source, variables) {
      const cache = byVariables.get(variables) ?? new Map<string, CompiledExpression>();
      const known = cache.get(source);
      if (known !== undefined) return known;
      const compiled = check(environment, source, { variables, inputs });
      characters += source.length;
      if (characters > kept.characters) {
        byVariables = new WeakMap();
        characters = source.length;
      }
      cache.set(source, compiled);
      byVariables.set(variables, cache);
      return compiled;
    },
  };
}

/** Parses and type-checks one expression. For many of one file, see `makeExpressionChecker`. */
export function compileExpression(source: string, scope: ExpressionScope): CompiledExpression {
  return makeExpressionChecker(scope.inputs).compile(source, scope.variables);
}

function check(environment: Environment, source: string, scope: ExpressionScope): CompiledExpression {
  try {
    const parsed = environment.parse(source);
    const { valid, type, error } = parsed.check();
    if (!valid || type === undefined) return { ok: false, problem: describe(source, error, scope) };
    const roots: string[] = [];
    const references: Reference[] = [];
    collectReferences(parsed.ast, references, roots);
    const hidden = roots.find((root) => isVariable(root) && !scope.variables.includes(root));
    if (hidden !== undefined) return { ok: false, problem: notVisible(source, hidden, scope) };
    const readsVariables = roots.some((root) => isVariable(root));
    return { ok: true, type, references, ...(readsVariables ? {} : { constant: constantOf(parsed) }) };
  } catch (error) {
    return { ok: false, problem: describe(source, error, scope) };
  }
}

function isVariable(name: string): name is Variable {
  return (allVariables as readonly string[]).includes(name);
}

/** The value of an expression that reads nothing, or undefined where it fails (`1 / 0`): it then fails in the run. */
function constantOf(parsed: () => unknown): unknown {
  try {
    return parsed();
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

function notVisible(source: string, name: string, scope: ExpressionScope): ExpressionProblem {
  const start = Math.max(0, source.search(new RegExp(`\\b${name}\\b`)));
  const hint = `here: ${scope.variables.join(", ")}`;
  return { message: `${name} cannot be read here`, start, end: start + name.length, hint };
}

function describe(source: string, error: unknown, scope: ExpressionScope): ExpressionProblem {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError))
    throw error;
  const start = Math.min(error.range?.start ?? 0, source.length);
  const end = Math.max(start, Math.min(error.range?.end ?? source.length, source.length));
  const wrong = source.slice(start, end);
  const message = error.summary.charAt(0).toLowerCase() + error.summary.slice(1);
  const hint = hintFor(error.code, wrong, { source, start, scope });
  return { message, start, end, ...(hint === undefined ? {} : { hint }) };
}

const fieldsOf: Record<string, readonly string[]> = {
  project: ["provider", "owner", "repo", "ref"],
  run: ["id", "number", "commit", "trigger", "attempt"],
};

function hintFor(
  code: string,
  wrong: string,
  place: { source: string; start: number; scope: ExpressionScope },
): string | undefined {
  if (code === "unknown_variable") return nameHint(wrong, place.scope.variables);
  if (code !== "no_such_key") return undefined;
  const before = place.source.slice(0, place.start);
  const owner = /([A-Za-z_]\w*)\s*\.\??\s*$/.exec(before)?.[1] ?? "";
  if (owner === "inputs")
    return nameHint(wrong, Object.keys(place.scope.inputs)) ?? "declare it under inputs";
  return nameHint(wrong, fieldsOf[owner] ?? ["status", "outputs"]);
}

/** `steps.s1.status`, `steps["s1"].status` and `secrets.NAME`: two names deep is all that linting needs. */
function collectReferences(node: ASTNode, references: Reference[], roots: string[]): void {
  if (node.op === "id") roots.push(node.args);
  const one = memberOf(node);
  const two = one === undefined ? undefined : memberOf(one.object);
  if (one !== undefined && one.object.op === "id") {
    references.push({
      variable: one.object.args,
      name: one.name,
      field: undefined,
      start: node.start,
      end: node.end,
    });
  } else if (one !== undefined && two !== undefined && two.object.op === "id") {
    const { start, end } = one.object;
    references.push({ variable: two.object.args, name: two.name, field: one.name, start, end });
    roots.push(two.object.args);
    return;
  }
  for (const child of childrenOf(node.args)) collectReferences(child, references, roots);
}

function memberOf(node: ASTNode): { object: ASTNode; name: string } | undefined {
  if (node.op === "." || node.op === ".?") return { object: node.args[0], name: node.args[1] };
  if (node.op !== "[]" && node.op !== "[?]") return undefined;
  const [object, index] = node.args;
  return index.op === "value" && typeof index.args === "string" ? { object, name: index.args } : undefined;
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return typeof args === "object" && args !== null && "op" in args && "args" in args ? [args as ASTNode] : [];
}

/**
 * The value of an expression, as JSON (integers that are safe become numbers).
 * @throws CoderError `bad_input` with the reason, when it fails (a name that does not exist, types that do not fit).
 */
export function evaluateExpression(source: string, context: ExpressionContext): Value {
  try {
    return toValue(runEnvironment.parse(source)(context));
  } catch (error) {
    if (!(error instanceof Error) || error instanceof CoderError) throw error;
    const reason = "summary" in error ? String(error.summary) : error.message;
    throw new CoderError("bad_input", `The expression \`${source}\` failed: ${reason}.`, { cause: error });
  }
}

/**
 * Whether an `if` lets its step run. Only `true` and `false` count: nothing is silently truthy.
 * @throws CoderError `bad_input` when the expression fails or is not a boolean.
 */
export function evaluateCondition(condition: string | boolean, context: ExpressionContext): boolean {
  if (typeof condition === "boolean") return condition;
  const source = conditionSource(condition);
  const value = evaluateExpression(source, context);
  if (typeof value === "boolean") return value;
  throw new CoderError(
    "bad_input",
    `The condition \`${source}\` is ${JSON.stringify(value)}, not true or false.`,
  );
}

/** An `if` may be wrapped in `${{ }}`, as people know it from elsewhere; this is what is inside. */
export function conditionSource(condition: string): string {
  const pieces = splitTemplate(condition);
  const only = pieces.length === 1 ? pieces[0] : undefined;
  return only?.kind === "expression" ? only.source : condition;
}

export type TemplatePiece =
  | { kind: "text"; text: string }
  /** `start` is the offset of `source` in the template. */
  | { kind: "expression"; source: string; start: number }
  | { kind: "unclosed"; start: number };

/** Splits text at `${{ }}`. A `}}` inside a string literal of the expression does not end it. */
export function splitTemplate(template: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let from = 0;
  for (;;) {
    const open = template.indexOf("${{", from);
    if (open === -1) break;
    if (open > from) pieces.push({ kind: "text", text: template.slice(from, open) });
    const close = closingBraces(template, open + 3);
    if (close === -1) return [...pieces, { kind: "unclosed", start: open }];
    const inside = template.slice(open + 3, close);
    const indent = inside.length - inside.trimStart().length;
    pieces.push({ kind: "expression", source: inside.trim(), start: open + 3 + indent });
    from = close + 2;
  }
  if (from < template.length) pieces.push({ kind: "text", text: template.slice(from) });
  return pieces;
}

function closingBraces(template: string, from: number): number {
  let quote = "";
  for (let i = from; i < template.length; i += 1) {
    const char = template.charAt(i);
    if (quote !== "") {
      if (char === "\\") i += 1;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "}" && template.charAt(i + 1) === "}") return i;
  }
  return -1;
}

/**
 * Text with every `${{ }}` replaced by its value: strings as they are, null as nothing, lists and maps as JSON.
 * The result is data. It is never put into a shell line: commands get it as an environment variable.
 * @throws CoderError `bad_input` when an expression fails or is not closed.
 */
export function interpolate(template: string, context: ExpressionContext): string {
  return splitTemplate(template)
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      if (piece.kind === "unclosed")
        throw new CoderError("bad_input", `\`${template}\` has a \${{ without }}.`);
      return valueText(evaluateExpression(piece.source, context));
    })
    .join("");
}

/** `interpolate` in every string of a JSON value; a string that is one whole `${{ }}` keeps its value's type. */
export function interpolateValue(value: Value, context: ExpressionContext): Value {
  if (typeof value === "string") {
    const pieces = splitTemplate(value);
    const only = pieces.length === 1 ? pieces[0] : undefined;
    return only?.kind === "expression"
      ? evaluateExpression(only.source, context)
      : interpolate(value, context);
  }
  if (Array.isArray(value)) return value.map((item) => interpolateValue(item, context));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolateValue(item, context)]),
  );
}

/** Names of the secrets that a text's expressions read, each once. A name that is computed is not among them. */
export function secretsRead(template: string): string[] {
  const names = splitTemplate(template).flatMap((piece) => {
    if (piece.kind !== "expression" || !piece.source.includes("secrets")) return [];
    const references: Reference[] = [];
    collectReferences(runEnvironment.parse(piece.source).ast, references, []);
    return references.flatMap((one) => (one.variable === "secrets" ? [one.name] : []));
  });
  return [...new Set(names)];
}

function valueText(value: Value): string {
  if (typeof value === "string") return value;
  return value === null ? "" : JSON.stringify(value);
}

function toValue(value: unknown): Value {
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "boolean" ||
    typeof value === "number"
  ) {
    return value;
  }
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toValue);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), toValue(item)]));
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toValue(item)]));
  }
  throw new CoderError("bad_input", `An expression gave a value that is not JSON (${typeof value}).`);
}
