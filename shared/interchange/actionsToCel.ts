import { readActionsExpression, UnknownExpression, type ActionsExpression } from "./actionsExpression.ts";

/** What an expression of a GitHub Actions file may refer to. */
export interface ActionsScope {
  /** Ids of steps there, and what they are called here. */
  steps: ReadonlyMap<string, string>;
  /** Ids of the steps here whose failure `failure()` and `always()` look at. */
  before: readonly string[];
  /** Values of `env` that are known texts. */
  env: Readonly<Record<string, string>>;
  /** Values of the matrix in this copy of the job. */
  matrix: Readonly<Record<string, string | number | boolean>>;
  /** Outputs of jobs that came before, `<job>.<output>`, in CEL. */
  jobOutputs: ReadonlyMap<string, string>;
  /** `secrets` may be read. */
  secrets: boolean;
}

type Literal = Extract<ActionsExpression, { kind: "literal" }>["value"];

/**
 * The same expression in CEL. Names that may be missing there read as empty text, 0 or false, as they do there.
 * @throws UnknownExpression naming what has no counterpart here.
 */
export function actionsToCel(source: string, scope: ActionsScope): string {
  return new Translator(scope).cel(readActionsExpression(source));
}

/** The same for an `if`: there any value is truthy or not, here only true and false are. */
export function actionsConditionToCel(source: string, scope: ActionsScope): string {
  return new Translator(scope).condition(readActionsExpression(source));
}

class Translator {
  readonly #scope: ActionsScope;

  constructor(scope: ActionsScope) {
    this.#scope = scope;
  }

  /** `like`: a literal that it is compared with, which says what a missing value is. */
  cel(expression: ActionsExpression, like?: Literal): string {
    switch (expression.kind) {
      case "literal":
        return JSON.stringify(expression.value);
      case "not":
        return `!(${this.condition(expression.operand)})`;
      case "call":
        return this.#call(expression.name.toLowerCase(), expression.args);
      case "path":
        return this.#path(expression.parts, like);
      case "binary":
        return this.#binary(expression);
    }
    throw new UnknownExpression("an unknown expression");
  }

  condition(expression: ActionsExpression): string {
    if (expression.kind === "binary" && (expression.operator === "&&" || expression.operator === "||"))
      return `(${this.condition(expression.left)} ${expression.operator} ${this.condition(expression.right)})`;
    if (expression.kind === "path") {
      const [root = "", ...rest] = expression.parts;
      if (root === "inputs" || (root === "github" && rest[0] === "event"))
        return this.#path(expression.parts, false);
      return `${this.#path(expression.parts, "")} != ""`;
    }
    if (expression.kind === "literal" && typeof expression.value !== "boolean")
      return expression.value === null || expression.value === "" || expression.value === 0
        ? "false"
        : "true";
    return this.cel(expression);
  }

  #binary({ operator, left, right }: Extract<ActionsExpression, { kind: "binary" }>): string {
    // There they answer one of their sides.
    if (operator === "||") return `(${this.condition(left)} ? ${this.cel(left)} : ${this.cel(right)})`;
    if (operator === "&&") return `(${this.condition(left)} ? ${this.cel(right)} : "")`;
    const event = this.#eventName(operator, left, right) ?? this.#eventName(operator, right, left);
    if (event !== undefined) return event;
    const valueOf = (one: ActionsExpression): Literal | undefined =>
      one.kind === "literal" ? one.value : undefined;
    return `${this.cel(left, valueOf(right))} ${operator} ${this.cel(right, valueOf(left))}`;
  }

  /** `github.event_name == 'push'`: events have other names here. */
  #eventName(operator: string, name: ActionsExpression, value: ActionsExpression): string | undefined {
    if (name.kind !== "path" || name.parts.join(".") !== "github.event_name") return undefined;
    if (value.kind !== "literal" || (operator !== "==" && operator !== "!="))
      throw new UnknownExpression("github.event_name other than compared with a name");
    const yes = eventCondition(String(value.value));
    return operator === "==" ? yes : `!(${yes})`;
  }

  #call(name: string, args: ActionsExpression[]): string {
    const [first, second] = args;
    const { before } = this.#scope;
    const someFailed = before.map((id) => `${step(id)}.status == "failed"`).join(" || ");
    if (name === "success") return "true";
    if (name === "cancelled") return "false";
    if (name === "failure") return someFailed === "" ? "false" : `(${someFailed})`;
    if (name === "always") return before.length === 0 ? "true" : `${step(before.at(-1) ?? "")}.status != ""`;
    if (first === undefined || second === undefined) throw new UnknownExpression(`${name}()`);
    if (name === "startswith") return `${this.cel(first, "")}.startsWith(${this.cel(second, "")})`;
    if (name === "endswith") return `${this.cel(first, "")}.endsWith(${this.cel(second, "")})`;
    if (name === "contains") return this.#contains(first, second);
    if (name === "format") return this.#format(args);
    throw new UnknownExpression(`${name}()`);
  }

  #contains(list: ActionsExpression, item: ActionsExpression): string {
    const isLabels = list.kind === "path" && list.parts.join(".").endsWith(".labels.*.name");
    if (isLabels) return `${this.cel(item)} in event.?labels.orValue([])`;
    if (list.kind === "path" && list.parts.includes("*")) throw new UnknownExpression(list.parts.join("."));
    return `${this.cel(list, "")}.contains(${this.cel(item, "")})`;
  }

  #format([template, ...values]: ActionsExpression[]): string {
    if (template?.kind !== "literal" || typeof template.value !== "string")
      throw new UnknownExpression("format() of a text that is computed");
    return template.value
      .split(/(\{\d+\})/)
      .filter((piece) => piece !== "")
      .map((piece) => {
        const value = values[Number(/^\{(\d+)\}$/.exec(piece)?.[1] ?? -1)];
        return value === undefined ? JSON.stringify(piece) : `string(${this.cel(value, "")})`;
      })
      .join(" + ");
  }

  #path(parts: string[], like: Literal | undefined): string {
    const [root = "", name = "", field = ""] = parts;
    const { env, matrix, secrets } = this.#scope;
    const whole = parts.join(".");
    if (root === "github") return githubValue(parts.slice(1), like);
    if (root === "inputs" && parts.length === 2) return `inputs${member(name)}`;
    if (root === "secrets" && secrets && name !== "GITHUB_TOKEN") return `secrets${member(name)}`;
    if (root === "env" && env[name] !== undefined) return JSON.stringify(env[name]);
    if (root === "matrix" && matrix[name] !== undefined) return JSON.stringify(matrix[name]);
    if (root === "runner" && name === "os") return '"Linux"';
    if (root === "steps") return this.#step(name, parts.slice(2), like);
    if (root === "needs" && field === "outputs") {
      const output = this.#scope.jobOutputs.get(`${name}.${parts[3] ?? ""}`);
      if (output !== undefined) return output;
    }
    throw new UnknownExpression(whole);
  }

  #step(id: string, [field = "", output = ""]: string[], like: Literal | undefined): string {
    const here = this.#scope.steps.get(id);
    if (here === undefined) throw new UnknownExpression(`steps.${id}`);
    if (field === "outputs") return optional(`${step(here)}.outputs`, [output], like);
    if (field !== "outcome" && field !== "conclusion") throw new UnknownExpression(`steps.${id}.${field}`);
    // The words differ: success and failure there, succeeded and failed here.
    return `{"succeeded": "success", "failed": "failure", "skipped": "skipped", "canceled": "cancelled"}[${step(here)}.status]`;
  }
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

function member(name: string): string {
  return identifier.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function step(id: string): string {
  return `steps${member(id)}`;
}

/** A member that may be missing. */
function optional(object: string, names: string[], like: Literal | undefined): string {
  const missing = JSON.stringify(like === undefined || like === null ? "" : emptyLike(like));
  const path = names
    .map((name) => (identifier.test(name) ? `.?${name}` : `[?${JSON.stringify(name)}]`))
    .join("");
  return `${object}${path}.orValue(${missing})`;
}

function emptyLike(like: string | number | boolean): string | number | boolean {
  if (typeof like === "string") return "";
  return typeof like === "number" ? 0 : false;
}

const githubValues: Record<string, string> = {
  sha: "run.commit",
  ref: '"refs/heads/" + project.ref',
  ref_name: "project.ref",
  head_ref: "project.ref",
  repository: 'project.owner + "/" + project.repo',
  repository_owner: "project.owner",
  run_id: "run.id",
  run_number: "run.number",
  run_attempt: "run.attempt",
};

/** What of an event has another name here. */
const eventNames: Record<string, string> = {
  "pull_request.head.sha": "pull_request.headCommit",
  "pull_request.head.ref": "pull_request.head",
  "pull_request.base.ref": "pull_request.base",
  "pull_request.user.login": "pull_request.author",
  "issue.user.login": "issue.author",
  "comment.user.login": "comment.author",
  "sender.login": "actor.name",
  "head_commit.id": "commit",
  "label.name": "label",
};

function githubValue(parts: string[], like: Literal | undefined): string {
  const [name = "", ...rest] = parts;
  const value = rest.length === 0 ? githubValues[name] : undefined;
  if (value !== undefined) return value;
  if (name === "actor" || name === "triggering_actor") return optional("event", ["actor", "name"], "");
  if (name === "base_ref") return optional("event", ["pull_request", "base"], "");
  if (name !== "event" || rest.length === 0 || rest.includes("*"))
    throw new UnknownExpression(["github", ...parts].join("."));
  if (rest[0] === "inputs" && rest.length === 2) return `inputs${member(rest[1] ?? "")}`;
  const here = eventNames[rest.join(".")];
  return optional("event", here === undefined ? rest : here.split("."), like);
}

/** A condition that is true when the run was started by what GitHub calls `name`. */
function eventCondition(name: string): string {
  const event = 'event.?event.orValue("")';
  switch (name) {
    case "push":
      return `${event} == "push"`;
    case "pull_request":
    case "pull_request_target":
      return `${event}.startsWith("pull_request.")`;
    case "issues":
      return `${event}.startsWith("issue.")`;
    case "issue_comment":
      return `${event} in ["issue.commented", "pull_request.commented"]`;
    case "workflow_dispatch":
      return 'run.trigger == "manual"';
    case "schedule":
      return 'run.trigger == "cron"';
    case "workflow_run":
      return 'run.trigger == "workflow"';
    default:
      throw new UnknownExpression(`the event ${name}`);
  }
}
