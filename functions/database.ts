import { Kysely } from "kysely";
import { PostgresJSDialect } from "kysely-postgres-js";
import postgres from "postgres";
import type { Tables } from "./deps.ts";

/** Numbers of Postgres types, from pg_type. */
const oids = { int8: 20, date: 1082, timestamp: 1114, timestamptz: 1184, numeric: 1700 };

/** `2026-11-20 22:36:33.123456+00` as ISO 8601, keeping the microseconds that a `Date` would lose. */
export function isoTime(text: string): string {
  return text.replace(" ", "T").replace(/\+00$/, "Z");
}

function parsed(oid: number, parse: (text: string) => unknown): postgres.PostgresType {
  return { to: oid, from: [oid], serialize: String, parse };
}

/**
 * A pool whose values fit the generated types: times as ISO text, int8 and numeric as numbers.
 * Statements are not prepared, so that it also works behind a pooler in transaction mode.
 */
export function connectDatabase(url: string, options: { connections?: number } = {}): Kysely<Tables> {
  const client = postgres(url, {
    max: options.connections ?? 10,
    prepare: false,
    connect_timeout: 10,
    idle_timeout: 60,
    onnotice: () => undefined,
    // A request never holds a connection for long; a merge waits for the forge inside its transaction.
    connection: {
      TimeZone: "UTC",
      application_name: "coder-functions",
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 120_000,
    },
    types: {
      int8: parsed(oids.int8, Number),
      numeric: parsed(oids.numeric, Number),
      date: parsed(oids.date, (text) => text),
      timestamp: parsed(oids.timestamp, (text) => text.replace(" ", "T")),
      timestamptz: parsed(oids.timestamptz, isoTime),
    },
  });
  return new Kysely<Tables>({ dialect: new PostgresJSDialect({ postgres: client }) });
}
