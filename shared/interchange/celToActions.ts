import { Environment, ParseError, type ASTNode } from "@marcbachmann/cel-js";
import { UnknownExpression } from "./actionsExpression.ts";

const environment = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true });

/**
 * A CEL expression of a workflow in the language of GitHub Actions.
 * @throws UnknownExpression naming what has no counterpart there.
 */
export function celToActions(source: string): string {
  try {
    return write(environment.parse(source).ast);
  } catch (error) {
    if (error instanceof ParseError) throw new UnknownExpression(`"${source}"`);
    throw error;
  }
}

const statuses: Record<string, string> = {
  succeeded: "success",
  failed: "failure",
  skipped: "skipped",
  canceled: "cancelled",
};

function write(node: ASTNode): string {
  switch (node.op) {
    case "value":
      return literal(node.args);
    case "&&":
    case "||":
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return comparison(node.op, node.args);
    case "!_":
      return `!(${write(node.args)})`;
    case "rcall":
      return method(node.args);
    case "in":
      return `contains(${write(node.args[1])}, ${write(node.args[0])})`;
    case "list":
      return `fromJSON(${literal(JSON.stringify(node.args.map(plain)))})`;
    default:
      return path(partsOf(node));
  }
}

function comparison(operator: string, [left, right]: [ASTNode, ASTNode]): string {
  const status = statusOf(left, right) ?? statusOf(right, left);
  if (status !== undefined) return `${status.path} ${operator} ${status.value}`;
  const text = `${write(left)} ${operator} ${write(right)}`;
  return operator === "&&" || operator === "||" ? `(${text})` : text;
}

/** `steps.x.status == "failed"`: the words differ. */
function statusOf(step: ASTNode, value: ASTNode): { path: string; value: string } | undefined {
  if (value.op !== "value" || typeof value.args !== "string") return undefined;
  const parts = maybeParts(step);
  if (parts?.[0] !== "steps" || parts[2] !== "status" || parts.length !== 3) return undefined;
  const word = value.args === "" ? "" : statuses[value.args];
  if (word === undefined) throw new UnknownExpression(`the status "${value.args}"`);
  return { path: `steps.${parts[1]}.outcome`, value: literal(word) };
}

function method([name, object, args]: [string, ASTNode, ASTNode[]]): string {
  const [first] = args;
  if (name === "orValue") return write(object);
  if (first === undefined) throw new UnknownExpression(`${name}()`);
  if (name === "startsWith" || name === "endsWith" || name === "contains")
    return `${name}(${write(object)}, ${write(first)})`;
  throw new UnknownExpression(`${name}()`);
}

function literal(value: unknown): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return String(value);
}

function plain(node: ASTNode): unknown {
  if (node.op !== "value") throw new UnknownExpression("a list of computed values");
  return typeof node.args === "bigint" ? Number(node.args) : node.args;
}

function partsOf(node: ASTNode): string[] {
  const parts = maybeParts(node);
  if (parts === undefined) throw new UnknownExpression(`the operator ${node.op}`);
  return parts;
}

function maybeParts(node: ASTNode): string[] | undefined {
  if (node.op === "id") return [node.args];
  if (node.op === "." || node.op === ".?") {
    const before = maybeParts(node.args[0]);
    return before && [...before, node.args[1]];
  }
  if (node.op === "[]" || node.op === "[?]") {
    const [object, index] = node.args;
    const before = maybeParts(object);
    return index.op === "value" && typeof index.args === "string" && before
      ? [...before, index.args]
      : undefined;
  }
  return undefined;
}

const paths: Record<string, string> = {
  "run.commit": "github.sha",
  "run.id": "github.run_id",
  "run.number": "github.run_number",
  "run.attempt": "github.run_attempt",
  "project.ref": "github.ref_name",
  "project.owner": "github.repository_owner",
  "event.actor.name": "github.actor",
  "event.pull_request.headCommit": "github.event.pull_request.head.sha",
  "event.pull_request.head": "github.event.pull_request.head.ref",
  "event.pull_request.base": "github.event.pull_request.base.ref",
  "event.pull_request.author": "github.event.pull_request.user.login",
};

function path(parts: string[]): string {
  const whole = parts.join(".");
  const known = paths[whole];
  if (known !== undefined) return known;
  const [root = "", name = "", field] = parts;
  if (["inputs", "secrets"].includes(root) && parts.length === 2) return whole;
  if (root === "steps" && field === "outputs" && parts.length === 4)
    return `steps.${name}.outputs.${parts[3]}`;
  if (root === "event" && parts.length > 1 && name !== "event") return `github.${whole}`;
  throw new UnknownExpression(whole);
}
