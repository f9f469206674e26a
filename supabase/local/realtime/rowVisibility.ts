import { setTimeout as sleep } from "node:timers/promises";
import type { Sql, TransactionSql } from "postgres";
import { isDenied } from "./authorize.ts";
import type { Claims } from "./claims.ts";
import { impersonate } from "./impersonate.ts";
import type { RowChange, TableColumn, TableShape } from "./tableShape.ts";

/** What one client may see of changes of one table. */
export interface Visibility {
  /** Columns that the client may select. */
  columns: TableColumn[];
  /** Columns of the old row: only the key where policies apply, since the old row can no longer be checked. */
  oldColumns: TableColumn[];
  /** Whether the client sees that change's row now. A deleted row cannot be checked and counts as seen. */
  sees(change: RowChange): boolean;
}

const longestSettleMs = 5_000;

const nothing: Visibility = { columns: [], oldColumns: [], sees: () => false };

/**
 * Asks the database, as the client, which of the changed rows it may see.
 * The row is looked for as it is now: what is deleted or hidden meanwhile stays hidden.
 */
export async function readVisibility(
  sql: Sql,
  claims: Claims,
  options: { shape: TableShape; changes: RowChange[] },
): Promise<Visibility> {
  const { shape, changes } = options;
  try {
    return await sql.begin(async (transaction) => {
      const [, [table]] = await Promise.all([
        impersonate(transaction, claims, ""),
        transaction<{ secured: boolean; columns: string[] }[]>`
          select c.relrowsecurity as secured, array(
            select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
              and not a.attisdropped and has_column_privilege(c.oid, a.attnum, 'select')) as columns
          from pg_class c
          where c.oid = ${shape.oid}::oid and has_schema_privilege(c.relnamespace, 'usage')`,
      ]);
      if (!table) return nothing;
      const columns = shape.columns.filter(({ name }) => table.columns.includes(name));
      if (columns.length === 0) return nothing;
      if (!table.secured) return { columns, oldColumns: columns, sees: () => true };
      const key = shape.columns.filter(({ isPrimaryKey }) => isPrimaryKey);
      // Without a key that the client may read, no row can be looked for.
      if (key.length === 0 || !key.every((column) => columns.includes(column))) return nothing;
      const present = changes.filter((change) => change.record);
      if (present.length > 0) await settle(transaction, present);
      const seen = present.length === 0 ? new Set() : await readSeen(transaction, { shape, key, present });
      return { columns, oldColumns: key, sees: (change) => change.type === "DELETE" || seen.has(change) };
    });
  } catch (error) {
    if (isDenied(error)) return nothing;
    throw error;
  }
}

/**
 * Waits until the changes' transactions are visible to others. Replication sends a transaction when its commit is in
 * the log, a moment before other sessions see its rows: asked too early, a new row would count as hidden.
 */
async function settle(sql: TransactionSql, changes: RowChange[]): Promise<void> {
  const xids = JSON.stringify([...new Set(changes.map(({ xid }) => xid))]);
  const deadline = Date.now() + longestSettleMs;
  while (true) {
    // An xid beyond the snapshot's end belongs to a transaction in progress (or to the last epoch, long settled).
    const [row] = await sql<{ settled: boolean }[]>`
      with now as (select s, pg_snapshot_xmax(s)::text::numeric as xmax from pg_current_snapshot() s)
      select bool_and(pg_visible_in_snapshot((floor(xmax / 4294967296) * 4294967296 + x.value::numeric)::text::xid8, s)) as settled
      from now, jsonb_array_elements_text(${xids}::text::jsonb) x`;
    if (row?.settled !== false || Date.now() > deadline) return;
    await sleep(1);
  }
}

async function readSeen(
  sql: TransactionSql,
  options: { shape: TableShape; key: TableColumn[]; present: RowChange[] },
): Promise<Set<RowChange>> {
  const { shape, key, present } = options;
  const keys = JSON.stringify(present.map(({ record }) => key.map(({ name }) => record?.get(name) ?? null)));
  const conditions = key.map(
    (column, index) =>
      sql`t.${sql(column.name)} = (k.value ->> ${index}::int)::${sql.unsafe(column.sqlType)} ${
        index + 1 < key.length ? sql`and` : sql``
      }`,
  );
  const rows = await sql<{ index: number }[]>`
    select (k.n - 1)::int as index from jsonb_array_elements(${keys}::text::jsonb) with ordinality as k (value, n)
    where exists (select from ${sql(shape.schema)}.${sql(shape.table)} t where ${conditions})`;
  return new Set(rows.flatMap(({ index }) => present[index] ?? []));
}
