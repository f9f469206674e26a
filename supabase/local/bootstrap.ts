import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { CoderError } from "../../shared/errors.ts";
import { applyMigrations, readMigrations, type Migration } from "./migrate.ts";

/** Passwords of the login roles besides the superuser. */
export interface RolePasswords {
  postgres: string;
  authenticator: string;
  supabase_lite: string;
  coder_storage: string;
}

/** What a database has to be brought to: read once from the files, so that a start can be skipped by its hash. */
export interface DatabasePlan {
  bootstrapSql: string;
  migrations: Migration[];
  dbosVersion: string;
  /** Content hash of all of it. */
  hash: string;
}

const migrationsDirectory = fileURLToPath(new URL("../migrations", import.meta.url));

/** Reads bootstrap, migrations and the version of DBOS. */
export async function readDatabasePlan(): Promise<DatabasePlan> {
  const packageJson = findPackageJSON("@dbos-inc/dbos-sdk", import.meta.url);
  if (!packageJson)
    throw new CoderError("unavailable", "The package @dbos-inc/dbos-sdk is not installed; run npm ci.");
  const [base, realtime, migrations, dbos] = await Promise.all([
    readFile(new URL("./bootstrap.sql", import.meta.url), "utf8"),
    readFile(new URL("./realtime/realtime.sql", import.meta.url), "utf8"),
    readMigrations(migrationsDirectory),
    readFile(packageJson, "utf8"),
  ]);
  const dbosVersion = (JSON.parse(dbos) as { version: string }).version;
  const bootstrapSql = `${base}\n${realtime}`;
  const hash = createHash("sha256");
  for (const part of [bootstrapSql, dbosVersion, ...migrations.flatMap(({ file, sql }) => [file, sql])])
    hash.update(part).update("\0");
  return { bootstrapSql, migrations, dbosVersion, hash: hash.digest("hex") };
}

/**
 * Brings a database to the plan: bootstrap as superuser, the system tables of DBOS (before the migrations, whose
 * functions call `dbos.enqueue_workflow`), then the migrations as the non-superuser `postgres`, as hosted does.
 * Returns at once where the database's stored hash says that nothing changed.
 * @returns whether anything was applied.
 */
export async function prepareDatabase(options: {
  adminUrl: string;
  passwords: RolePasswords;
  plan: DatabasePlan;
}): Promise<boolean> {
  const { adminUrl, passwords, plan } = options;
  const hash = createHash("sha256").update(plan.hash).update(JSON.stringify(passwords)).digest("hex");
  const admin = postgres(adminUrl, {
    max: 1,
    onnotice: () => undefined,
    connection: { synchronous_commit: "off" },
  });
  try {
    if ((await storedHash(admin)) === hash) {
      await admin`select realtime.maintain_partitions()`;
      return false;
    }
    // A hundred small transactions that nobody needs one by one: the disk is waited for once, at the end.
    // Imported here only: an unchanged start must not pay for parsing either package.
    const [{ getAuthSchemaSql }] = await Promise.all([
      import("@supabase/lite"),
      // Already begun, so that it overlaps with the SQL below; migrateDbos awaits the same module.
      import("@dbos-inc/dbos-sdk"),
    ]);
    await admin.unsafe(`begin; ${getAuthSchemaSql(true)};\n${plan.bootstrapSql}\ncommit;`);
    await setPasswords(admin, passwords);
    const owner = withRole(adminUrl, "postgres", passwords.postgres);
    const hurried = new URL(owner);
    hurried.searchParams.set("options", "-c synchronous_commit=off");
    await migrateDbos(hurried.href);
    const sql = postgres(owner, {
      max: 1,
      onnotice: () => undefined,
      connection: { synchronous_commit: "off" },
    });
    try {
      await applyMigrations(sql, plan.migrations);
    } finally {
      await sql.end();
    }
    await closeDbos(admin);
    // Waits for the disk, and with it all that was written before.
    await admin`set synchronous_commit = on`;
    await admin`insert into coder_local.applied (name, hash) values ('plan', ${hash})
      on conflict (name) do update set hash = excluded.hash, at = now()`;
    return true;
  } finally {
    await admin.end();
  }
}

async function storedHash(admin: postgres.Sql): Promise<string | undefined> {
  try {
    const [row] = await admin<{ hash: string }[]>`select hash from coder_local.applied where name = 'plan'`;
    return row?.hash;
  } catch (error) {
    if (error instanceof postgres.PostgresError && error.code === "42P01") return undefined;
    throw error;
  }
}

async function setPasswords(admin: postgres.Sql, passwords: RolePasswords): Promise<void> {
  // ALTER ROLE takes no parameters; format() in the server does the quoting.
  for (const [role, password] of Object.entries(passwords)) {
    const [row] = await admin<{ statement: string }[]>`
      select format('alter role %I password %L', ${role}::text, ${password}::text) as statement`;
    if (row) await admin.unsafe(row.statement);
  }
}

async function migrateDbos(url: string): Promise<void> {
  const { DBOS } = await import("@dbos-inc/dbos-sdk");
  // It announces itself by console.log, takes no logger here, and standard output is ours to keep clean.
  const log = console.log;
  console.log = (...entries: unknown[]) => {
    if (entries[0] !== "Running DBOS system database migrations...") console.error(...entries);
  };
  try {
    await DBOS.migrate(url, { schemaName: "dbos" });
  } finally {
    console.log = log;
  }
}

/** Client roles never reach the engine's tables and functions; the owner `postgres` and SECURITY DEFINER functions do. */
async function closeDbos(admin: postgres.Sql): Promise<void> {
  await admin.unsafe(`
    revoke all on schema dbos from public, anon, authenticated, service_role;
    revoke all on all tables in schema dbos from public, anon, authenticated, service_role;
    revoke all on all functions in schema dbos from public, anon, authenticated, service_role;
    grant usage on schema dbos to postgres;`);
}

/** The URL of another role on the same server and database. */
export function withRole(url: string, role: string, password: string): string {
  const changed = new URL(url);
  changed.username = role;
  changed.password = encodeURIComponent(password);
  return changed.href;
}
