import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { z } from "zod";
import { CoderError } from "../shared/errors.ts";
import { applyMigrations, readMigrations } from "./local/migrate.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** See docs/HOSTED.md for where each value comes from. */
const environmentSchema = z.object({
  /** The project's reference: the first label of its address. */
  SUPABASE_PROJECT_REF: z.string().regex(/^[a-z0-9]{16,32}$/),
  /** For the supabase CLI. */
  SUPABASE_ACCESS_TOKEN: z.string().min(1),
  /** Direct connection or session pooler, as role postgres; never the transaction pooler, DBOS needs a session. */
  SUPABASE_DB_URL: z.string().regex(/^postgres(?:ql)?:\/\//),
  CODER_FORGE_URL: z.url(),
  CODER_SITE_URL: z.string().includes("*"),
  CODER_ORIGINS: z.string().min(1),
  CODER_REGISTRY: z.url().optional(),
  /** Seals secrets; the same for the workers. Without it no secrets are kept. */
  CODER_SECRETS_KEY: z.string().min(1).optional(),
});
export type DeployEnvironment = z.infer<typeof environmentSchema>;

export interface DeployParts {
  /** Runs the supabase CLI; rejects when it ends with an error. */
  supabase(args: readonly string[]): Promise<void>;
  fetch: typeof globalThis.fetch;
  log(line: string): void;
}

/** @throws CoderError `bad_input` with one line for everything that is missing or wrong. */
export function readDeployEnvironment(environment: Record<string, string | undefined>): DeployEnvironment {
  const parsed = environmentSchema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n");
  throw new CoderError(
    "bad_input",
    `The environment is not complete (docs/HOSTED.md says where to find each):\n${wrong}`,
  );
}

/**
 * Brings a hosted Supabase project to this version: engine tables, migrations, secrets, the Edge Function, and a look
 * whether it answers. Every step may be repeated; nothing is deleted.
 */
export async function deploy(env: DeployEnvironment, parts: DeployParts): Promise<void> {
  parts.log("1/4 Database: engine tables and migrations");
  const applied = await deployDatabase(env.SUPABASE_DB_URL);
  parts.log(applied.length === 0 ? "    nothing new" : applied.map((file) => `    ${file}`).join("\n"));
  parts.log("2/4 Secrets of the Edge Function");
  await setSecrets(env, parts);
  parts.log("3/4 Edge Function api");
  const remote = `--remote=${env.SUPABASE_PROJECT_REF}`;
  // Tokens are verified by the function itself: the platform's check would refuse preflights and newer keys.
  await parts.supabase([
    "functions",
    "deploy",
    "api",
    remote,
    "--no-verify-jwt",
    "--use-api",
    "--workdir",
    root,
  ]);
  parts.log("4/4 Does it answer?");
  await checkAnswers(env, parts);
}

/** Engine tables first: the migrations' functions call them. Answers the migrations that were applied now. */
export async function deployDatabase(databaseUrl: string): Promise<string[]> {
  const { DBOS } = await import("@dbos-inc/dbos-sdk");
  await DBOS.migrate(databaseUrl, { schemaName: "dbos" });
  const sql = postgres(databaseUrl, { max: 1, prepare: false, onnotice: () => undefined });
  try {
    await sql.unsafe(`
      revoke all on schema dbos from public, anon, authenticated, service_role;
      revoke all on all tables in schema dbos from public, anon, authenticated, service_role;
      revoke all on all functions in schema dbos from public, anon, authenticated, service_role;`);
    return await applyMigrations(sql, await readMigrations(join(root, "supabase/migrations")));
  } finally {
    await sql.end();
  }
}

async function setSecrets(env: DeployEnvironment, parts: DeployParts): Promise<void> {
  const names = [
    "CODER_FORGE_URL",
    "CODER_SITE_URL",
    "CODER_ORIGINS",
    "CODER_REGISTRY",
    "CODER_SECRETS_KEY",
  ] as const;
  const directory = await mkdtemp(join(tmpdir(), "coder-deploy-"));
  try {
    // In a file, because a command line can be read by others on the machine.
    const file = join(directory, "secrets.env");
    const lines = names.flatMap((name) =>
      env[name] === undefined ? [] : [`${name}=${JSON.stringify(env[name])}`],
    );
    await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    await parts.supabase(["secrets", "set", `--remote=${env.SUPABASE_PROJECT_REF}`, "--env-file", file]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checkAnswers(env: DeployEnvironment, parts: DeployParts): Promise<void> {
  const url = `https://${env.SUPABASE_PROJECT_REF}.supabase.co/functions/v1/api/trpc/session.me`;
  const response = await parts.fetch(url, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  // Nobody is signed in here: the right answer is our own refusal.
  if (response.status === 401 && text.includes('"unauthenticated"')) return parts.log(`    ${url} answers`);
  throw new CoderError("unavailable", `${url} answered ${response.status}: ${text.slice(0, 300)}`);
}

function runSupabase(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, "node_modules/.bin/supabase"), args, { stdio: "inherit", cwd: root });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new CoderError("unavailable", `supabase ${args.slice(0, 2).join(" ")} ended with ${code}`));
    });
  });
}

if (import.meta.main) {
  try {
    const log = (line: string) => console.log(line);
    await deploy(readDeployEnvironment(process.env), { supabase: runSupabase, fetch: globalThis.fetch, log });
  } catch (error) {
    if (!(error instanceof CoderError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
