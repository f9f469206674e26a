import type { Sql } from "postgres";
import type { Relation, Tuple } from "./pgoutput.ts";

export interface TableColumn {
  name: string;
  /** Name in pg_type, as clients know it: `int8`, `timestamptz`, `_text`. */
  type: string;
  /** SQL spelling of the type without its modifier, quoted where needed; comes from the catalog, safe to embed. */
  sqlType: string;
  isPrimaryKey: boolean;
}

/** A table as the catalog describes it. */
export interface TableShape {
  oid: number;
  schema: string;
  table: string;
  columns: TableColumn[];
}

/** One change of a row, its values copied out of the stream as text. */
export interface RowChange {
  type: "INSERT" | "UPDATE" | "DELETE";
  relation: Relation;
  commitTime: Date;
  /** Number of its transaction, without the epoch. */
  xid: number;
  /** Absent for DELETE. */
  record: RowText | null;
  /** What the replica identity tells of the old row; absent for INSERT. */
  oldRecord: RowText | null;
}

/** Column to its text; a column that the stream did not send is missing. */
export type RowText = Map<string, string | null>;

/** Copies a tuple out of the stream's buffer. */
export function toRowText(relation: Relation, tuple: Tuple): RowText {
  const row: RowText = new Map();
  tuple.forEach((value, index) => {
    const column = relation.columns[index];
    if (column && value !== undefined) row.set(column.name, value === null ? null : value.toString());
  });
  return row;
}

/** Reads a table from the catalog; null where it does not exist (any more). */
export async function readTableShape(
  sql: Sql,
  table: { oid: number } | { schema: string; table: string },
): Promise<TableShape | null> {
  const which =
    "oid" in table
      ? sql`c.oid = ${table.oid}::oid`
      : sql`n.nspname = ${table.schema} and c.relname = ${table.table} and c.relkind in ('r', 'p')`;
  const rows = await sql<(TableColumn & { oid: number; schema: string; table: string })[]>`
    select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as table, a.attname as name, t.typname as type,
      format_type(a.atttypid, -1) as "sqlType", coalesce(a.attnum = any (i.indkey), false) as "isPrimaryKey"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where ${which}
    order by a.attnum`;
  const [first] = rows;
  if (!first) return null;
  return {
    oid: first.oid,
    schema: first.schema,
    table: first.table,
    columns: rows.map(({ name, type, sqlType, isPrimaryKey }) => ({ name, type, sqlType, isPrimaryKey })),
  };
}
