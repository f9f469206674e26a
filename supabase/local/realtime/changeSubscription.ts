import { createHash } from "node:crypto";
import type { Sql } from "postgres";
import { z } from "zod";
import { CoderError } from "../../../shared/errors.ts";
import { parseFilter } from "./changeFilter.ts";
import { typeConditions } from "./changeMatch.ts";
import type { TypedCondition } from "./changeMatch.ts";
import type { Claims } from "./claims.ts";
import { readTableShape } from "./tableShape.ts";
import type { TableShape } from "./tableShape.ts";

/** One `postgres_changes` binding of a join, as the client wrote it. */
export const changeBindingSchema = z.object({
  event: z.enum(["*", "INSERT", "UPDATE", "DELETE"]),
  schema: z.string().max(63).optional(),
  table: z.string().max(63).optional(),
  filter: z.string().optional(),
  select: z.array(z.string()).max(1600).optional(),
});
export type ChangeBinding = z.infer<typeof changeBindingSchema>;

/** A binding that was checked against the database. */
export interface ChangeSubscription {
  /** The same for equal bindings, so that one rendered message serves all who asked for the same. */
  id: number;
  event: ChangeBinding["event"];
  /** `*` for every schema. */
  schema: string;
  /** `*` for every table. */
  table: string;
  conditions: TypedCondition[];
  select: string[] | null;
  /** The filter's text, to evaluate equal filters once. */
  filter: string;
}

/** The number that the join's reply gives to a binding; a safe integer, never 0. */
export function bindingId(binding: ChangeBinding): number {
  const text = JSON.stringify([binding.event, binding.schema, binding.table, binding.filter, binding.select]);
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) + 1;
}

/**
 * Checks a binding: its table sends changes, its filter's columns exist and may be read by the client.
 * @throws CoderError `bad_input` with the text that hosted Supabase reports.
 */
export async function resolveBinding(
  sql: Sql,
  binding: ChangeBinding,
  claims: Claims,
): Promise<ChangeSubscription> {
  const { event, filter = "", select = null } = binding;
  const schema = binding.schema ?? "public";
  const table = binding.table ?? "*";
  const subscription = { id: bindingId(binding), event, schema, table, filter, select };
  if (table === "*" || schema === "*") {
    if (filter !== "" || select) throw refused(binding, "a filter or a selection of columns needs one table");
    return { ...subscription, conditions: [] };
  }
  const shape = await readTableShape(sql, { schema, table });
  if (!shape) throw refused(binding, "the table does not exist");
  await checkPublished(sql, binding, shape);
  const conditions = filter === "" ? [] : await typeConditions(sql, shape, parseFilter(filter));
  await checkReadable(sql, [...conditions.map(({ column }) => column), ...(select ?? [])], { shape, claims });
  return { ...subscription, conditions };
}

async function checkPublished(
  sql: Sql,
  binding: ChangeBinding,
  { schema, table }: TableShape,
): Promise<void> {
  const published = await sql`select from pg_publication_tables
    where pubname = 'supabase_realtime' and schemaname = ${schema} and tablename = ${table}`;
  if (published.length === 0) throw refused(binding, "the table is not in the publication supabase_realtime");
}

/** A filter on a column that may not be read would tell its values by what arrives. */
async function checkReadable(
  sql: Sql,
  columns: string[],
  who: { shape: TableShape; claims: Claims },
): Promise<void> {
  const { shape, claims } = who;
  for (const column of new Set(columns)) {
    if (!shape.columns.some(({ name }) => name === column)) {
      throw new CoderError("bad_input", `invalid column for filter ${column}`);
    }
  }
  if (columns.length === 0) return;
  const denied = await sql<{ name: string }[]>`select a.attname as name from pg_attribute a
    where a.attrelid = ${shape.oid}::oid and a.attname = any (${columns}::text[])
      and not has_column_privilege(${claims.role}, a.attrelid, a.attnum, 'select')`;
  if (denied[0]) throw new CoderError("bad_input", `invalid column for filter ${denied[0].name}`);
}

function refused(binding: ChangeBinding, reason: string): CoderError {
  const { event, schema = "public", table = "*", filter = "" } = binding;
  return new CoderError(
    "bad_input",
    "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect " +
      `parameters: [event: ${event}, schema: ${schema}, table: ${table}, filters: [${filter}]] (${reason})`,
  );
}
