import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../local/testing.ts";
import { patchPostgres } from "../patchPostgres.ts";

let database: TestDatabase;
let admin: postgres.Sql;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = postgres(database.adminUrl, { max: 1, onnotice: () => undefined });
  sql = postgres(database.databaseUrl, {
    max: 1,
    onnotice: () => undefined,
    connection: { application_name: "lost" },
  });
});
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await admin.end();
  await database.close();
});

/** Ends the backend of `sql` and waits until it is gone. */
async function dropConnection(): Promise<void> {
  await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'lost'`;
}

// Unpatched, the first of these ends the process (vitest reports an uncaught exception), the second never settles.
describe("postgres.js with a connection that was lost", () => {
  test("a transaction fails, with its rollback, and the next query gets a new connection", async () => {
    const lost = sql.begin(async (tx) => {
      await tx`select 1`;
      await dropConnection();
      await tx`select 2`;
    });
    await expect(lost).rejects.toThrow();
    expect(await sql`select 3 as n`).toEqual([{ n: 3 }]);
  });

  test("what a server says when it shuts down fails the query it interrupts, and not the first of the next connection", async () => {
    for (let count = 0; count < 5; count++) {
      // With its handler from the start: it is rejected before the line that looks at it.
      const interrupted = sql`select pg_sleep(20)`.then(
        () => "answered",
        () => "failed",
      );
      const sleeping = () =>
        admin`select 1 from pg_stat_activity where application_name = 'lost' and query like '%pg_sleep%' and state = 'active'`;
      await vi.waitFor(async () => expect(await sleeping()).toHaveLength(1));
      await dropConnection();
      expect(await interrupted).toBe("failed");
      expect(await sql`select 3 as n`).toEqual([{ n: 3 }]);
    }
  });

  test("a reservation fails, and does not give the dead connection back", async () => {
    const reserved = await sql.reserve();
    await reserved`select 1`;
    await dropConnection();
    await expect(reserved`select 2`.execute()).rejects.toThrow();
    await expect(reserved`select 3`.execute()).rejects.toThrow();
    reserved.release();
    expect(await sql`select 4 as n`).toEqual([{ n: 4 }]);
    const again = await sql.reserve();
    expect(await again`select 5 as n`).toEqual([{ n: 5 }]);
    again.release();
  });

  test("a statement longer than one write fails as well", async () => {
    const lost = sql.begin(async (tx) => {
      await dropConnection();
      await tx.unsafe(`select 1 -- ${"x".repeat(5000)}`);
    });
    await expect(lost).rejects.toThrow();
    expect(await sql`select 6 as n`).toEqual([{ n: 6 }]);
  });

  test("transactions and savepoints go on as before", async () => {
    const rows = await sql.begin(async (tx) => {
      await tx`create temp table t (n int) on commit drop`;
      await tx`insert into t values (1)`;
      await tx
        .savepoint(async (nested) => {
          await nested`insert into t values (2)`;
          throw new Error("undo");
        })
        .catch(() => undefined);
      await Promise.all([tx`insert into t values (3)`, tx`insert into t values (4)`]);
      return tx`select n from t order by n`;
    });
    expect(rows.map((row) => row["n"])).toEqual([1, 3, 4]);
  });
});

describe("patchPostgres", () => {
  test("changes a patched package no more, and refuses one that it does not know", async () => {
    const directory = `${await mkdtemp(join(tmpdir(), "coder-patch-"))}/`;
    try {
      await cp(fileURLToPath(new URL("../../node_modules/postgres/", import.meta.url)), directory, {
        recursive: true,
      });
      const before = await readFile(`${directory}src/index.js`, "utf8");
      await patchPostgres(directory);
      expect(await readFile(`${directory}src/index.js`, "utf8")).toBe(before);
      await writeFile(`${directory}src/connection.js`, "export {}\n");
      await expect(patchPostgres(directory)).rejects.toThrow(
        "is not the postgres.js that supabase/patchPostgres.ts knows",
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
