import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { CoderError } from "../../shared/errors.ts";

export interface Migration {
  /** The digits in front of the file's name. */
  version: string;
  name: string;
  file: string;
  sql: string;
}

/** The migrations of a directory in the order of their versions; files are named `<version>_<name>.sql`, as the supabase CLI does. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(
    files.map(async (file) => {
      const match = /^(\d+)_(.+)\.sql$/.exec(file);
      if (!match?.[1] || !match[2]) {
        throw new CoderError("internal", `The migration ${file} is not named <version>_<name>.sql.`);
      }
      return { version: match[1], name: match[2], file, sql: await readFile(join(directory, file), "utf8") };
    }),
  );
}

/**
 * Applies what `supabase_migrations.schema_migrations` does not list, each in its own transaction, and lists it there:
 * the same table and the same versions that the supabase CLI uses, so either can go on where the other stopped.
 * @returns the files that were applied now.
 * @throws CoderError `internal` naming file and line, or `conflict` when a file was edited after it was applied.
 */
export async function applyMigrations(sql: postgres.Sql, migrations: Migration[]): Promise<string[]> {
  await sql.unsafe(`
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (
      version text primary key, statements text[], name text
    );`);
  const rows = await sql<{ version: string; statements: string[] | null }[]>`
    select version, statements from supabase_migrations.schema_migrations`;
  const applied = new Map(rows.map((row) => [row.version, row.statements]));
  const now: string[] = [];
  for (const migration of migrations) {
    const statements = applied.get(migration.version);
    if (statements !== undefined) {
      // The CLI splits a file into statements; only our own single-element rows can be compared.
      if (statements?.length === 1 && statements[0] !== migration.sql) {
        throw new CoderError(
          "conflict",
          `The migration ${migration.file} was edited after it had been applied to this database; write a new migration, or start with an empty data directory.`,
        );
      }
      continue;
    }
    await applyOne(sql, migration);
    now.push(migration.file);
  }
  return now;
}

async function applyOne(sql: postgres.Sql, migration: Migration): Promise<void> {
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(migration.sql);
      await transaction`
        insert into supabase_migrations.schema_migrations (version, name, statements)
        values (${migration.version}, ${migration.name}, ${[migration.sql]})`;
    });
  } catch (cause) {
    if (!(cause instanceof postgres.PostgresError)) throw cause;
    const line = migration.sql.slice(0, Number(cause.position ?? 1) - 1).split("\n").length;
    const where = cause.where ? ` (${cause.where.split("\n")[0]})` : "";
    throw new CoderError("internal", `${migration.file}:${line}: ${cause.message}${where}`, { cause });
  }
}
