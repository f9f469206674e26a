import { randomUUID } from "node:crypto";
import postgres from "postgres";
import type { Sql, TransactionSql } from "postgres";
import type { Claims } from "./claims.ts";
import { impersonate } from "./impersonate.ts";

export type Extension = "broadcast" | "presence";

/** What a client may receive on a private channel. */
export type ReadGrants = Record<Extension, boolean>;

/** Who asks for which topic. */
export interface Access {
  claims: Claims;
  /** The topic without the prefix `realtime:`. */
  topic: string;
}

/** Thrown to leave a transaction without its rows: a probe that were committed would be broadcast. */
class RolledBack extends Error {}

/**
 * Asks the policies on realtime.messages what the client may receive: rows of both extensions are inserted as the
 * administrator, looked for as the client, and rolled back.
 * @throws the database's error where the question could not be asked.
 */
export async function readGrants(sql: Sql, access: Access): Promise<ReadGrants> {
  const broadcastId = randomUUID();
  const presenceId = randomUUID();
  const visible = await probe(sql, async (transaction) => {
    const [, , rows] = await Promise.all([
      transaction`insert into realtime.messages (id, topic, extension, private) values
        (${broadcastId}, ${access.topic}, 'broadcast', true), (${presenceId}, ${access.topic}, 'presence', true)`,
      impersonate(transaction, access.claims, access.topic),
      transaction<{ id: string }[]>`select id from realtime.messages
        where id in (${broadcastId}, ${presenceId}) and inserted_at = (now() at time zone 'utc')`,
    ]);
    return rows.map((row) => row.id);
  });
  return {
    broadcast: visible?.includes(broadcastId) ?? false,
    presence: visible?.includes(presenceId) ?? false,
  };
}

/** Asks the policies whether the client may send: it inserts a row as the client, and rolls back. */
export async function mayWrite(sql: Sql, access: Access, extension: Extension): Promise<boolean> {
  const written = await probe(sql, async (transaction) => {
    await Promise.all([
      impersonate(transaction, access.claims, access.topic),
      transaction`insert into realtime.messages (id, topic, extension, private)
        values (${randomUUID()}, ${access.topic}, ${extension}, true)`,
    ]);
    return true;
  });
  return written === true;
}

/** The callback's answer from a transaction that is always rolled back; null where the database denied it. */
async function probe<T>(sql: Sql, ask: (transaction: TransactionSql) => Promise<T>): Promise<T | null> {
  let answer: T | null = null;
  try {
    await sql.begin(async (transaction) => {
      answer = await ask(transaction);
      throw new RolledBack();
    });
  } catch (error) {
    if (error instanceof RolledBack) return answer;
    if (isDenied(error)) return null;
    throw error;
  }
  return answer;
}

/** Whether the error says that a policy or a missing grant forbids it (insufficient_privilege). */
export function isDenied(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === "42501";
}
