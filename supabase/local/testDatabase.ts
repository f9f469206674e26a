import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile, chmod } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { prepareDatabase, readDatabasePlan, withRole, type RolePasswords } from "./bootstrap.ts";
import { startPostgres, stopOrphan, type Postgres } from "./postgres.ts";

const run = promisify(execFile);

export interface TestDatabase {
  /** As the owner of the schema, role `postgres` (not a superuser; bypasses row-level security). */
  databaseUrl: string;
  /** As the superuser `supabase_admin`. */
  adminUrl: string;
  /** As a role that may log in: `authenticator` (then `set role anon` …), `supabase_lite`, `coder_storage`, `postgres`. */
  urlFor(role: keyof RolePasswords): string;
  close(): Promise<void>;
}

interface Template {
  directory: string;
  adminPassword: string;
  passwords: RolePasswords;
}

interface SharedServer {
  postgres: Postgres;
  template: Template;
  directory: string;
  users: number;
}

let shared: Promise<SharedServer> | undefined;

/**
 * A fresh database with bootstrap, DBOS and all migrations applied: a clone, on a Postgres that the tests of this
 * process share. About 0.2 s for the first and 0.1 s for each further one; the template is made once per content
 * of the migrations (about 1 s) and kept in the system's temporary directory. `close()` drops it, and the last one stops the server.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  shared ??= startShared();
  const server = await shared;
  server.users += 1;
  const name = `test_${randomBytes(6).toString("hex")}`;
  await inServer(server, async (sql) => {
    await sql.unsafe(`create database ${name} template postgres strategy file_copy`);
    // These belong to the database and are not cloned with it.
    await sql.unsafe(
      `grant create on database ${name} to postgres; alter database ${name} set search_path to "$user", public, extensions`,
    );
  });
  const adminUrl = onDatabase(server.postgres.adminUrl, name);
  let closed = false;
  return {
    adminUrl,
    databaseUrl: withRole(adminUrl, "postgres", server.template.passwords.postgres),
    urlFor: (role) => withRole(adminUrl, role, server.template.passwords[role]),
    async close() {
      if (closed) return;
      closed = true;
      server.users -= 1;
      if (server.users === 0) {
        shared = undefined;
        await server.postgres.stop();
        await rm(server.directory, { recursive: true, force: true });
        return;
      }
      await inServer(server, (sql) => sql.unsafe(`drop database ${name} with (force)`));
    },
  };
}

/** A copy of the prepared cluster with its passwords, for a whole stack to start on without the cost of making one. */
export async function copyTemplateCluster(
  target: string,
): Promise<{ adminPassword: string; passwords: RolePasswords }> {
  const template = await makeTemplate();
  // cp(1) keeps the owner and can share blocks where the file system does.
  await run("cp", ["-a", join(template.directory, "postgres"), target]);
  return { adminPassword: template.adminPassword, passwords: template.passwords };
}

async function startShared(): Promise<SharedServer> {
  await removeAbandoned();
  const directory = join(tmpdir(), `coder-test-pg-${process.pid}-${randomBytes(4).toString("hex")}`);
  await mkdir(directory);
  await chmod(directory, 0o711);
  const { adminPassword, passwords } = await copyTemplateCluster(join(directory, "postgres"));
  const server = await startPostgres({
    dataDir: join(directory, "postgres"),
    password: adminPassword,
    settings: notDurable,
  });
  // Whoever forgets close() still leaves nothing behind: the server dies with this process, the directory goes here.
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return { postgres: server, template: { directory, adminPassword, passwords }, directory, users: 0 };
}

/** Tests may lose their data with the machine. */
const notDurable = { fsync: "off", full_page_writes: "off", max_wal_size: "4GB", shared_buffers: "64MB" };

let template: Promise<Template> | undefined;
function makeTemplate(): Promise<Template> {
  template ??= findOrBuildTemplate();
  return template;
}

async function findOrBuildTemplate(): Promise<Template> {
  const plan = await readDatabasePlan();
  const directory = join(tmpdir(), `coder-test-template-${userInfo().uid}-${plan.hash.slice(0, 16)}`);
  if (!existsSync(directory)) {
    await removeOldTemplates();
    const building = `${directory}.${process.pid}-${randomBytes(4).toString("hex")}`;
    await mkdir(building);
    await chmod(building, 0o711);
    const adminPassword = secret();
    const passwords = {
      postgres: secret(),
      authenticator: secret(),
      supabase_lite: secret(),
      coder_storage: secret(),
    };
    const server = await startPostgres({
      dataDir: join(building, "postgres"),
      password: adminPassword,
      settings: notDurable,
    });
    try {
      await prepareDatabase({ adminUrl: server.adminUrl, passwords, plan });
    } catch (error) {
      await server.stop();
      await rm(building, { recursive: true, force: true });
      throw error;
    }
    await server.stop();
    await writeFile(join(building, "passwords.json"), JSON.stringify({ adminPassword, passwords }), {
      mode: 0o600,
    });
    // Two processes may build at once; the first one's is taken.
    await rename(building, directory).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      await rm(building, { recursive: true, force: true });
    });
  }
  const stored = JSON.parse(await readFile(join(directory, "passwords.json"), "utf8")) as Omit<
    Template,
    "directory"
  >;
  return { directory, ...stored };
}

/** Templates of contents that nobody tests any more. */
async function removeOldTemplates(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(`coder-test-template-${userInfo().uid}-`)) continue;
    const directory = join(tmpdir(), name);
    const { mtimeMs } = await stat(directory);
    if (Date.now() - mtimeMs > 24 * 3600 * 1000) await rm(directory, { recursive: true, force: true });
  }
}

/** Stops servers and removes directories of test processes that were killed. */
export async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^coder-test-(?:pg|stack)-(\d+)-\w+$/.exec(name)?.[1] ?? 0);
    if (pid === 0 || isAlive(pid)) continue;
    const directory = join(tmpdir(), name);
    await stopOrphan(join(directory, "postgres"));
    await rm(directory, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function inServer(server: SharedServer, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  // Cloning needs the source to have no connection, so work is done from another database.
  const sql = postgres(onDatabase(server.postgres.adminUrl, "template1"), {
    max: 1,
    onnotice: () => undefined,
  });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

function onDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function secret(): string {
  return randomBytes(18).toString("base64url");
}
