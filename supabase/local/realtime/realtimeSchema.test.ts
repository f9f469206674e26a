import { readFile } from "node:fs/promises";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../testing.ts";
import type { TestDatabase } from "../testing.ts";

let database: TestDatabase;
let admin: postgres.Sql;
const schema = await readFile(new URL("./realtime.sql", import.meta.url), "utf8");
beforeAll(async () => {
  database = await createTestDatabase();
  admin = postgres(database.adminUrl, { max: 1, onnotice: () => undefined });
});
afterAll(async () => {
  await admin?.end();
  await database?.close();
});

/** Partitions by name. The database is a clone of one that may have been prepared on another day. */
async function partitions(): Promise<string[]> {
  const rows = await admin<{ name: string }[]>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'realtime.messages'::regclass`;
  return rows.map(({ name }) => name);
}
const partitionOf = (daysFromToday: number): string =>
  `realtime.messages_${new Date(Date.now() + daysFromToday * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "_")}`;

test("the schema may be applied again and again", async () => {
  await admin.unsafe(schema);
  const once = await partitions();
  await admin.unsafe(schema);
  expect(await partitions()).toEqual(once);
  expect(once).toEqual(expect.arrayContaining([partitionOf(0), partitionOf(1)]));
});

test("old partitions are dropped and missing ones are made", async () => {
  await admin.unsafe(`
    create table realtime.messages_2020_01_01 partition of realtime.messages for values from ('2020-01-01') to ('2020-01-02');
    drop table ${partitionOf(2)};
    select realtime.maintain_partitions();`);
  const names = await partitions();
  expect(names).toContain(partitionOf(2));
  expect(names).not.toContain("realtime.messages_2020_01_01");
});

test("a message's time is that of UTC, whatever the zone of the session that sends it", async () => {
  const rows = await admin.begin(async (transaction) => {
    await transaction.unsafe("set local time zone 'Pacific/Kiritimati'");
    await transaction`select realtime.send('{}', 'e', 'zone')`;
    return transaction`
      select inserted_at = now() at time zone 'utc' as is_utc from realtime.messages where topic = 'zone'`;
  });
  expect([...rows]).toEqual([{ is_utc: true }]);
});

test("clients can neither send by SQL nor read a partition past the policies", async () => {
  await admin`select realtime.send('{"secret":true}', 'e', 'room')`;
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "_");
  for (const role of ["anon", "authenticated"]) {
    const attempt = (statement: string) =>
      admin.begin(async (transaction) => {
        await transaction.unsafe(`set local role ${role}`);
        return transaction.unsafe(statement);
      });
    await expect(attempt(`select realtime.send('{}', 'e', 'room')`)).rejects.toThrow("permission denied");
    await expect(attempt(`select * from realtime.messages_${day}`)).rejects.toThrow("permission denied");
    await expect(attempt("select realtime.maintain_partitions()")).rejects.toThrow("permission denied");
    expect(await attempt("select * from realtime.messages")).toHaveLength(0);
  }
});

test("a message that cannot be stored does not undo the caller's transaction", async () => {
  const warnings: string[] = [];
  const sql = postgres(database.databaseUrl, {
    max: 1,
    onnotice: ({ message }) => warnings.push(message ?? ""),
  });
  await sql`select realtime.send('{}', 'e', null)`;
  expect(warnings.join()).toContain("ErrorSendingBroadcastMessage");
  await sql.end();
});
