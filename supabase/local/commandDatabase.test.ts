import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, expect, test, vi } from "vitest";
import { openCommandDatabase } from "./commandDatabase.ts";

// It makes databases; a deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

const cacheDir = mkdtempSync(join(tmpdir(), "coder-command-database-"));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

/** What initdb has given the cluster, and it keeps for life (the first field of its control file). */
const identityOf = (directory: string): string =>
  readFileSync(join(directory, "postgres/global/pg_control")).subarray(0, 8).toString("hex");

async function use<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<{ result: T; directory: string }> {
  const database = await openCommandDatabase(cacheDir);
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
  try {
    return { result: await work(sql), directory: database.directory };
  } finally {
    await sql.end();
    await database.close();
  }
}

/** An account, which comes with an organisation and a line in its audit log. */
async function leaveSomething(sql: postgres.Sql): Promise<void> {
  await sql`insert into auth.users (id, email) values (gen_random_uuid(), 'local@localhost')`;
}

const left = async (sql: postgres.Sql) =>
  (
    await sql`select (select count(*)::int from auth.users) as users, (select count(*)::int from public.orgs) as orgs,
      (select count(*)::int from public.audit_log) as audit`
  )[0];

test("W264 the next command finds the cluster of the one before, emptied; a broken one is made anew", async () => {
  const first = await use(async (sql) => {
    await leaveSomething(sql);
    return left(sql);
  });
  expect(first.result).toEqual({ users: 1, orgs: 1, audit: 1 });
  const identity = identityOf(first.directory);
  const second = await use(left);
  expect(second.result).toEqual({ users: 0, orgs: 0, audit: 0 });
  expect(second.directory).toBe(first.directory);
  expect(identityOf(second.directory)).toBe(identity);

  writeFileSync(join(first.directory, "postgres/global/pg_control"), "");
  const third = await use(left);
  expect(third.result).toEqual({ users: 0, orgs: 0, audit: 0 });
  expect(identityOf(third.directory)).not.toBe(identity);
});
