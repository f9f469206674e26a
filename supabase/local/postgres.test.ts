import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterEach, expect, test } from "vitest";
import { startPostgres, type Postgres } from "./postgres.ts";
import { processStart } from "./processStart.ts";

const started: Postgres[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  for (const path of directories.splice(0)) await rm(path, { recursive: true, force: true });
});

async function directory() {
  const path = await mkdtemp(join(tmpdir(), "coder-postgres-"));
  directories.push(path);
  return path;
}

async function start(dataDir: string) {
  const server = await startPostgres({ dataDir, password: "a test password" });
  started.push(server);
  return server;
}

const pidOf = async (dataDir: string) =>
  Number((await readFile(join(dataDir, "postmaster.pid"), "utf8")).split("\n")[0]);

test("makes a cluster once, on the loopback interface, with passwords and logical replication", async () => {
  const dataDir = join(await directory(), "below/home");
  const first = await start(dataDir);
  expect(first.created).toBe(true);
  const sql = postgres(first.adminUrl, { max: 1 });
  await sql`create table kept (a int)`;
  const [settings] =
    await sql`select current_setting('wal_level') as wal, current_setting('listen_addresses') as listen, current_setting('synchronous_commit') as sync,
    current_setting('password_encryption') as passwords, current_user as who`;
  expect(settings).toEqual({
    wal: "logical",
    listen: "127.0.0.1",
    sync: "on",
    passwords: "scram-sha-256",
    who: "supabase_admin",
  });
  await sql.end();
  const wrong = postgres(first.adminUrl.replace("a%20test", "another"), { max: 1 });
  await expect(wrong`select 1`).rejects.toThrow("password authentication failed");
  await first.stop();
  const second = await start(dataDir);
  expect(second.created).toBe(false);
  const again = postgres(second.adminUrl, { max: 1 });
  expect(await again`select * from kept`).toEqual([]);
  await again.end();
});

test("an orphan on the directory is stopped and its data taken over", async () => {
  const dataDir = await directory();
  await start(dataDir);
  const orphan = await pidOf(dataDir);
  const second = await start(dataDir);
  expect(processStart(orphan)).toBeUndefined();
  expect(await pidOf(dataDir)).not.toBe(orphan);
  const sql = postgres(second.adminUrl, { max: 1 });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  await sql.end();
});

test("a process that only has the number in postmaster.pid is left alone", async () => {
  const dataDir = await directory();
  await (await start(dataDir)).stop();
  const other = spawn("sleep", ["60"]);
  const { writeFile } = await import("node:fs/promises");
  await writeFile(join(dataDir, "postmaster.pid"), `${other.pid}\n${dataDir}\n`);
  await start(dataDir);
  expect(other.exitCode).toBeNull();
  other.kill();
  await once(other, "close");
});

test("died tells of an end that nobody asked for, and only of that", async () => {
  const dataDir = await directory();
  const server = await start(dataDir);
  process.kill(await pidOf(dataDir), "SIGKILL");
  await server.died;
  const second = await start(dataDir);
  let told = false;
  void second.died.then(() => (told = true));
  await second.stop();
  expect(told).toBe(false);
});

test("a directory whose cluster is broken: one line that says so", async () => {
  const dataDir = await directory();
  await (await start(dataDir)).stop();
  await rm(join(dataDir, "global"), { recursive: true });
  await expect(start(dataDir)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/^Postgres did not start: .+/),
  });
});
