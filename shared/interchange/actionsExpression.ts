/**
 * The expression language of GitHub Actions, as far as files use it: literals, contexts, operators, function calls.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
 */
export type ActionsExpression =
  | { kind: "literal"; value: string | number | boolean | null }
  /** `github.event.issue.number`; `*` stands for every item of a list. */
  | { kind: "path"; parts: string[] }
  | { kind: "call"; name: string; args: ActionsExpression[] }
  | { kind: "not"; operand: ActionsExpression }
  | { kind: "binary"; operator: BinaryOperator; left: ActionsExpression; right: ActionsExpression };

type BinaryOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||";

/** Weakest first. */
const precedence: readonly (readonly BinaryOperator[])[] = [
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
];

/** Thrown for what this reader does not know; the message names it. */
export class UnknownExpression extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnknownExpression";
  }
}

const token =
  /\s*(?:('(?:[^']|'')*')|(-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))|([A-Za-z_][A-Za-z0-9_-]*)|(\|\||&&|==|!=|<=|>=|[()[\],.!<>*]))/y;

type Token =
  | { kind: "string"; value: string }
  | { kind: "number"; value: number }
  | { kind: "name" | "sign"; value: string };

/** @throws UnknownExpression with the place that cannot be read. */
export function readActionsExpression(source: string): ActionsExpression {
  const reader = new Reader(tokensOf(source), source);
  const expression = reader.binary(0);
  reader.end();
  return expression;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < source.trimEnd().length) {
    const from = token.lastIndex;
    const match = token.exec(source);
    if (match === null) throw new UnknownExpression(`it cannot be read at "${source.slice(from).trim()}"`);
    const [, text, number, name, sign] = match;
    if (text !== undefined) tokens.push({ kind: "string", value: text.slice(1, -1).replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: "number", value: Number(number) });
    else if (name !== undefined) tokens.push({ kind: "name", value: name });
    else tokens.push({ kind: "sign", value: sign ?? "" });
  }
  return tokens;
}

const maxDepth = 50;

class Reader {
  readonly #tokens: Token[];
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(tokens: Token[], source: string) {
    this.#tokens = tokens;
    this.#source = source;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected();
  }

  binary(level: number): ActionsExpression {
    const operators = precedence[level];
    if (operators === undefined) return this.#unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = operators.find((one) => this.#takeSign(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.binary(level + 1) };
    }
  }

  #unary(): ActionsExpression {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new UnknownExpression("it is nested too deep");
    const expression = this.#takeSign("!")
      ? { kind: "not" as const, operand: this.#unary() }
      : this.#primary();
    this.#depth -= 1;
    return expression;
  }

  #primary(): ActionsExpression {
    const next = this.#tokens[this.#at];
    if (next === undefined) throw this.#unexpected();
    if (this.#takeSign("(")) {
      const inner = this.binary(0);
      this.#need(")");
      return inner;
    }
    this.#at += 1;
    if (next.kind === "string" || next.kind === "number") return { kind: "literal", value: next.value };
    if (next.kind === "sign") throw this.#unexpected(-1);
    if (this.#takeSign("(")) return { kind: "call", name: next.value, args: this.#args() };
    const word = next.value.toLowerCase();
    if (word === "true" || word === "false") return { kind: "literal", value: word === "true" };
    if (word === "null") return { kind: "literal", value: null };
    return { kind: "path", parts: this.#path(next.value) };
  }

  #args(): ActionsExpression[] {
    const args: ActionsExpression[] = [];
    if (this.#takeSign(")")) return args;
    do args.push(this.binary(0));
    while (this.#takeSign(","));
    this.#need(")");
    return args;
  }

  #path(first: string): string[] {
    const parts = [first];
    for (;;) {
      if (this.#takeSign(".")) {
        const next = this.#tokens[this.#at++];
        if (next?.kind !== "name" && next?.value !== "*") throw this.#unexpected(-1);
        parts.push(String(next.value));
      } else if (this.#takeSign("[")) {
        const next = this.#tokens[this.#at++];
        if (next?.kind !== "string" && next?.kind !== "number")
          throw new UnknownExpression("an index that is computed");
        parts.push(String(next.value));
        this.#need("]");
      } else return parts;
    }
  }

  #takeSign(sign: string): boolean {
    const next = this.#tokens[this.#at];
    if (next?.kind !== "sign" || next.value !== sign) return false;
    this.#at += 1;
    return true;
  }

  #need(sign: string): void {
    if (!this.#takeSign(sign)) throw this.#unexpected();
  }

  #unexpected(offset = 0): UnknownExpression {
    const next = this.#tokens[this.#at + offset];
    return new UnknownExpression(
      next === undefined
        ? `"${this.#source}" ends too early`
        : `"${this.#source}" has "${next.value}" where something else is expected`,
    );
  }
}
