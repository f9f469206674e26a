import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeSecrets, saveSecrets, type Secrets } from "./secrets.ts";
import { canDieWithParent } from "./postgres.ts";
import { copyTemplateCluster, removeAbandoned } from "./testDatabase.ts";

export interface TestUser {
  id: string;
  email: string;
  password: string;
  /** A session in the form that `supabase.auth.setSession` takes. */
  session: { access_token: string; refresh_token: string };
}

export interface TestStack {
  url: string;
  port: number;
  anonKey: string;
  serviceRoleKey: string;
  jwtSecret: string;
  dataDir: string;
  /** As the role `postgres`; valid until the stack stops. */
  databaseUrl(): Promise<string>;
  /** A confirmed user with a password and a session. */
  createUser(email: string): Promise<TestUser>;
  /** What it has printed so far. */
  output(): string;
  process: ChildProcess;
  /** Ends it as Ctrl-C does and removes its data (unless the data directory was given). */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface TestStackOptions {
  /** Kept after the end; a fresh temporary one by default, with a database that is already migrated. */
  dataDir?: string;
  /** Default: any free one. */
  port?: number;
  env?: Record<string, string>;
}

const program = fileURLToPath(new URL("./start.ts", import.meta.url));

/**
 * Starts the whole product as `npm start` does, as a child process on a free port with a data directory of its own.
 * Rejects with what it printed when it ends before it is ready.
 */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  await removeAbandoned();
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), `coder-test-stack-${process.pid}-`)));
  if (options.dataDir === undefined) await seed(dataDir);
  // A test run that is killed takes its stacks with it.
  const [command, ...args] = canDieWithParent()
    ? ["setpriv", "--pdeathsig", "INT", process.execPath, program]
    : [process.execPath, program];
  const child = spawn(command, args, {
    env: {
      ...process.env,
      CODER_DATA: dataDir,
      CODER_PORT: String(options.port ?? 0),
      CODER_WEB_BUILD: "skip",
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const onChunk = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on("data", onChunk);
  child.stderr.on("data", onChunk);
  const url = await readyUrl(child, () => output).catch(async (error: unknown) => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    throw error;
  });
  const secrets = JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8")) as Secrets;
  const { anonKey, serviceRoleKey, jwtSecret } = secrets;
  return {
    url,
    port: Number(new URL(url).port),
    anonKey,
    serviceRoleKey,
    jwtSecret,
    dataDir,
    process: child,
    output: () => output,
    databaseUrl: () => databaseUrl(dataDir, secrets),
    createUser: (email) => createUser({ url, anonKey, serviceRoleKey }, email),
    async stop(signal = "SIGINT") {
      if (child.exitCode === null && child.signalCode === null) {
        const closed = once(child, "close");
        child.kill(signal);
        await closed;
      }
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A database that is already made saves a second of every start. */
async function seed(dataDir: string): Promise<void> {
  const { adminPassword, passwords } = await copyTemplateCluster(join(dataDir, "postgres"));
  // Tests may lose their data with the machine, and need not wait for its disk.
  await appendFile(join(dataDir, "postgres/postgresql.auto.conf"), "fsync = off\nfull_page_writes = off\n");
  await saveSecrets(dataDir, await makeSecrets({ supabase_admin: adminPassword, ...passwords }));
}

function readyUrl(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const url = /^Coder is ready at (http:\/\/\S+)$/m.exec(output())?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on("data", look);
    child.once("error", reject);
    child.once("close", (code) =>
      reject(new Error(`The stack ended with ${code} before it was ready:\n${output()}`)),
    );
  });
}

async function databaseUrl(dataDir: string, secrets: Secrets): Promise<string> {
  // Line 4 of postmaster.pid is the port: https://www.postgresql.org/docs/17/storage-file-layout.html
  const port = (await readFile(join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[3];
  return `postgres://postgres:${encodeURIComponent(secrets.databasePasswords.postgres)}@127.0.0.1:${port}/postgres`;
}

async function createUser(
  stack: { url: string; anonKey: string; serviceRoleKey: string },
  email: string,
): Promise<TestUser> {
  const password = `test password of ${email}`.slice(0, 72);
  const call = async (path: string, key: string, body: object) => {
    const response = await fetch(`${stack.url}/auth/v1/${path}`, {
      method: "POST",
      headers: { apikey: stack.anonKey, authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const user = await call("admin/users", stack.serviceRoleKey, { email, password, email_confirm: true });
  const session = await call("token?grant_type=password", stack.anonKey, { email, password });
  return {
    id: String(user.id),
    email,
    password,
    session: { access_token: String(session.access_token), refresh_token: String(session.refresh_token) },
  };
}
