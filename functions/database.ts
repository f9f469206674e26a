import { Kysely, PostgresDialect } from "kysely";
import { Pool, types } from "pg";
import type { Tables } from "./deps.ts";

/** Numbers of Postgres types, from pg_type. */
const parsers = new Map<number, (text: string) => unknown>([
  [20, Number], // int8
  [1700, Number], // numeric
  [1082, String], // date
  [1114, (text) => text.replace(" ", "T")], // timestamp
  [1184, isoTime], // timestamptz
]);

/** `2026-11-20 22:36:33.123456+00` as ISO 8601, keeping the microseconds that a `Date` would lose. */
export function isoTime(text: string): string {
  return text
    .replace(" ", "T")
    .replace(/\+00$/, "Z")
    .replace(/([+-]\d\d)$/, "$1:00");
}

/**
 * A pool whose values fit the generated types: times as ISO text, int8 and numeric as numbers. Statements are not
 * prepared, so that it also works behind a pooler in transaction mode. It is `pg` and not postgres.js: see
 * docs/decisions/010-lost-connections.md.
 */
export function connectDatabase(url: string, options: { connections?: number } = {}): Kysely<Tables> {
  const pool = new Pool({
    connectionString: url,
    max: options.connections ?? 10,
    application_name: "coder-functions",
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    // A request never holds a connection for long; a merge waits for the forge inside its transaction.
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 120_000,
    types: {
      getTypeParser: (oid, format) => parsers.get(oid) ?? types.getTypeParser(oid, format),
    },
  });
  // A connection that is lost fails the query on it, or is replaced; without listeners its event would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}
