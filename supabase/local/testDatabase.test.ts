import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { createTestDatabase } from "./testing.ts";

const opened: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const one of opened) await one.close();
});

async function open() {
  const database = await createTestDatabase();
  opened.push(database);
  return database;
}

async function as<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

test("a test database has the migrations and is apart from the next one", async () => {
  const one = await open();
  const two = await open();
  await as(
    one.databaseUrl,
    (sql) => sql`insert into auth.users (id, email) values (gen_random_uuid(), 'a@example.com')`,
  );
  expect(await as(one.databaseUrl, (sql) => sql`select slug from orgs`)).toHaveLength(1);
  expect(await as(two.databaseUrl, (sql) => sql`select slug from orgs`)).toHaveLength(0);
});

test("the owner of the schema is no superuser, and client roles cannot reach dbos", async () => {
  const database = await open();
  const [role] = await as(
    database.databaseUrl,
    (sql) => sql`select rolsuper, rolbypassrls from pg_roles where rolname = current_user`,
  );
  expect(role).toEqual({ rolsuper: false, rolbypassrls: true });
  for (const client of ["anon", "authenticated", "service_role"]) {
    await expect(
      as(database.urlFor("authenticator"), async (sql) => {
        await sql.unsafe(`set role ${client}`);
        await sql`select * from dbos.workflow_status`;
      }),
    ).rejects.toThrow("permission denied for schema dbos");
  }
  await as(database.databaseUrl, (sql) => sql`select count(*) from dbos.workflow_status`);
});

test("auth.uid reads both forms of the request's claims", async () => {
  const database = await open();
  const id = "3f0a3c3e-1f5e-4b7e-9a53-2f3a6c1f9a10";
  const [row] = await as(database.databaseUrl, (sql) =>
    sql.begin(async (tx) => {
      await tx`select set_config('request.jwt.claims', ${JSON.stringify({ sub: id, role: "authenticated", email: "a@b.c" })}, true)`;
      return tx`select auth.uid() as uid, auth.role() as role, auth.email() as email, auth.jwt() ->> 'sub' as sub`;
    }),
  );
  expect(row).toEqual({ uid: id, role: "authenticated", email: "a@b.c", sub: id });
});

test("realtime.send stores a message in today's partition", async () => {
  const database = await open();
  await as(database.databaseUrl, (sql) => sql`select realtime.send('{"a":1}', 'e', 'room', true)`);
  const rows = await as(
    database.adminUrl,
    (sql) => sql`select topic, event, private, payload ->> 'a' as a from realtime.messages`,
  );
  expect(rows).toEqual([{ topic: "room", event: "e", private: true, a: "1" }]);
});
