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

test("the schema may be applied again and again", async () => {
  await admin.unsafe(schema);
  await admin.unsafe(schema);
  const [row] =
    await admin`select count(*)::int as partitions from pg_inherits where inhparent = 'realtime.messages'::regclass`;
  expect(row!.partitions).toBe(5);
});

test("old partitions are dropped and missing ones are made", async () => {
  await admin.unsafe(`
    create table realtime.messages_2020_01_01 partition of realtime.messages for values from ('2020-01-01') to ('2020-01-02');
    drop table realtime.messages_${new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "_")};
    select realtime.maintain_partitions();`);
  const names =
    await admin`select inhrelid::regclass::text as name from pg_inherits where inhparent = 'realtime.messages'::regclass`;
  expect(names).toHaveLength(5);
  expect(names.map(({ name }) => name)).not.toContain("realtime.messages_2020_01_01");
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
