import type { Sql } from "postgres";
import { CoderError } from "../../../shared/errors.ts";
import type { Condition, Operator } from "./changeFilter.ts";
import type { RowText, TableColumn, TableShape } from "./tableShape.ts";

/** SQL of each operator between the column's value and the filter's; a closed set, the only SQL that a filter chooses. */
const sqlOperators: Record<Exclude<Operator, "in" | "is">, string> = {
  eq: "=",
  neq: "<>",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  like: "~~",
  ilike: "~~*",
  match: "~",
  imatch: "~*",
  isdistinct: "is distinct from",
};

/** Types where equal values have equal text, so that the common filters need no query. */
const textIsValue = new Set(["int2", "int4", "int8", "text", "varchar", "uuid", "bool"]);

/** A condition checked against the table: its column exists and its values are of the column's type. */
export interface TypedCondition extends Condition {
  columnType: TableColumn;
}

/**
 * Checks a filter against the table and writes its values as Postgres would (`{A0EE…}` becomes `a0ee…`).
 * @throws CoderError `bad_input` for an unknown column, an operator the type does not have, or a value it cannot read.
 */
export async function typeConditions(
  sql: Sql,
  shape: TableShape,
  conditions: Condition[],
): Promise<TypedCondition[]> {
  return Promise.all(
    conditions.map(async (condition) => {
      const columnType = shape.columns.find(({ name }) => name === condition.column);
      if (!columnType) throw new CoderError("bad_input", `invalid column for filter ${condition.column}`);
      const typed = { ...condition, columnType };
      try {
        await evaluate(sql, typed, null);
        if (!comparesText(typed)) return typed;
        const [row] = await sql<{ values: string[] }[]>`
          select array(select v::${sql.unsafe(columnType.sqlType)}::text
            from unnest(${condition.values}::text[]) with ordinality as t (v, n) order by n) as values`;
        return { ...typed, values: row?.values ?? [] };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new CoderError("bad_input", `invalid filter on ${condition.column}: ${reason}`, { cause });
      }
    }),
  );
}

/** Whether the row fulfils all conditions, with SQL's logic: what is unknown does not match. */
export async function matches(sql: Sql, conditions: TypedCondition[], row: RowText): Promise<boolean> {
  for (const condition of conditions) {
    const value = row.get(condition.column);
    if (value === undefined) return false;
    const holds = matchesText(condition, value) ?? (await evaluate(sql, condition, value));
    if (holds !== true) return false;
  }
  return true;
}

function comparesText({ operator, columnType }: TypedCondition): boolean {
  return textIsValue.has(columnType.type) && (operator === "eq" || operator === "neq" || operator === "in");
}

/** The answer where the text decides; undefined where Postgres must be asked. */
function matchesText(condition: TypedCondition, value: string | null): boolean | undefined {
  const { operator, values, negated } = condition;
  if (operator === "is" && values[0] === "null") return (value === null) !== negated;
  if (!comparesText(condition)) return undefined;
  if (value === null) return false;
  const text = condition.columnType.type === "bool" ? (value === "t" ? "true" : "false") : value;
  return (values.includes(text) !== (operator === "neq")) !== negated;
}

async function evaluate(sql: Sql, condition: TypedCondition, value: string | null): Promise<boolean | null> {
  const { operator, values, negated, columnType } = condition;
  const type = sql.unsafe(columnType.sqlType);
  const column = sql`${value}::text::${type}`;
  const first = values[0] ?? "";
  let test;
  if (operator === "in") test = sql`${column} = any (${values}::text[]::${type}[])`;
  else if (operator === "is") test = sql`${column} is ${sql.unsafe(first)}`;
  else test = sql`${column} ${sql.unsafe(sqlOperators[operator])} ${first}::text::${type}`;
  const [row] = await sql<
    { holds: boolean | null }[]
  >`select ${negated ? sql`not (${test})` : test} as holds`;
  return row?.holds ?? null;
}
