/**
 * The filters of postgres_changes: `column=eq.value`, several joined by commas, as
 * RealtimePostgresFilterBuilder of @supabase/realtime-js 2.119 writes them.
 */
import { CoderError } from "../../../shared/errors.ts";

const operators = [
  "eq", "neq", "lt", "lte", "gt", "gte", "in", "like", "ilike", "is", "match", "imatch", "isdistinct",
] as const; // prettier-ignore
export type Operator = (typeof operators)[number];

export interface Condition {
  column: string;
  negated: boolean;
  operator: Operator;
  /** One value; several for `in`. Text as written by the client: it becomes a query parameter, never SQL. */
  values: string[];
}

const start = new RegExp(`^([^=,()]+)=(not\\.)?(${operators.join("|")})\\.`);
const mostValues = 100;
const longestFilter = 10_000;

/** Parses a filter into conditions that all must hold. @throws CoderError `bad_input` naming what is wrong. */
export function parseFilter(filter: string): Condition[] {
  if (filter.length > longestFilter)
    throw new CoderError("bad_input", `A filter is longer than ${longestFilter}.`);
  const conditions: Condition[] = [];
  let rest = filter;
  while (true) {
    const match = start.exec(rest);
    if (!match) throw new CoderError("bad_input", `Error parsing filter params: ["${filter}"]`);
    const [head, column = "", not, operator] = match;
    const { values, length } = readValues(rest.slice(head.length), operator === "in");
    conditions.push({ column, negated: not !== undefined, operator: operator as Operator, values });
    rest = rest.slice(head.length + length);
    if (rest === "") break;
    if (!rest.startsWith(","))
      throw new CoderError("bad_input", `Error parsing filter params: ["${filter}"]`);
    rest = rest.slice(1);
  }
  for (const condition of conditions) checkValues(condition, filter);
  return conditions;
}

function checkValues({ operator, values }: Condition, filter: string): void {
  if (values.length === 0 || values.length > mostValues) {
    throw new CoderError("bad_input", `A filter takes 1 to ${mostValues} values: ["${filter}"]`);
  }
  if (operator === "is" && !["null", "true", "false", "unknown"].includes(values[0] ?? "")) {
    throw new CoderError("bad_input", `The operator 'is' takes null, true, false or unknown: ["${filter}"]`);
  }
  if (values.some((value) => value.includes("\0")))
    throw new CoderError("bad_input", "A filter holds a NUL byte.");
}

/** The value or the list at the start of the text, and how long it is there. */
function readValues(text: string, isList: boolean): { values: string[]; length: number } {
  if (!isList) {
    const value = readValue(text, (at) => endsCondition(text, at));
    return { values: [value.value], length: value.length };
  }
  if (!text.startsWith("("))
    throw new CoderError("bad_input", "The operator 'in' takes a list in parentheses.");
  const values: string[] = [];
  let at = 1;
  while (true) {
    const value = readValue(text.slice(at), (offset) => ",)".includes(text[at + offset] ?? ")"));
    values.push(value.value);
    at += value.length;
    if (text[at] === ")") return { values, length: at + 1 };
    if (text[at] !== ",") throw new CoderError("bad_input", "A list of the operator 'in' is not closed.");
    at += 1;
  }
}

/** A comma ends a value only where another condition follows: older clients write commas without quotes. */
function endsCondition(text: string, at: number): boolean {
  return at >= text.length || (text[at] === "," && start.test(text.slice(at + 1)));
}

function readValue(text: string, ends: (at: number) => boolean): { value: string; length: number } {
  if (text.startsWith('"')) {
    let value = "";
    for (let at = 1; at < text.length; at += 1) {
      if (text[at] === '"') return { value, length: at + 1 };
      if (text[at] === "\\") at += 1;
      value += text[at] ?? "";
    }
    throw new CoderError("bad_input", "A quoted value of a filter is not closed.");
  }
  let at = 0;
  while (!ends(at)) at += 1;
  return { value: text.slice(0, at), length: at };
}
