import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { chown, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import { findPostgresAccount, findPostgresBinaries, type PostgresAccount } from "./postgresBinaries.ts";

export interface PostgresOptions {
  /** Directory of the cluster; made when it is missing. */
  dataDir: string;
  /** Password of the superuser `supabase_admin`; set when the cluster is made. */
  password: string;
  /** The port to listen on; a free one by default. A restart keeps its port, so that every connection URL stays true. */
  port?: number;
  /** Settings given as `-c name=value`, over ours. */
  settings?: Record<string, string>;
  /** Called when a process of it has been started (the one that makes the cluster, and the server); it is not ready yet. */
  onStarting?(): void;
}

export interface Postgres {
  port: number;
  /** Connection URL of the superuser `supabase_admin`. */
  adminUrl: string;
  /** True when this start made the cluster. */
  created: boolean;
  /** Resolves with what the server last said when it ends without having been asked to. */
  died: Promise<string>;
  /** Fast shutdown; resolves when no process of it is left. */
  stop(): Promise<void>;
}

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  wal_level: "logical",
  max_wal_senders: "10",
  max_replication_slots: "10",
  // A slot that nobody reads must not fill the disk.
  max_slot_wal_keep_size: "512MB",
  max_connections: "200",
  timezone: "UTC",
  log_timezone: "UTC",
  jit: "off",
};

/**
 * Starts the embedded Postgres on a free loopback port, making the cluster first where there is none.
 * An orphan of a killed stack that still holds the directory is stopped first. We start the binaries ourselves:
 * the library's own `start()` rejects with `undefined` on such an orphan and installs process-wide exit hooks.
 * @throws CoderError `unavailable` with the remedy: directory not writable, server did not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const dataDir = resolve(options.dataDir);
  const [binaries, account] = await Promise.all([findPostgresBinaries(), findPostgresAccount()]);
  await makeDirectory(dataDir, account);
  await stopOrphan(dataDir);
  const created = !existsSync(join(dataDir, "PG_VERSION"));
  if (created) {
    const { password, onStarting } = options;
    await initialise({ initdb: binaries.initdb, dataDir, password, account, onStarting });
  }
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const flags = Object.entries({ ...settings, ...options.settings }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]);
    const child = spawnAs({
      command: binaries.postgres,
      args: ["-D", dataDir, "-p", String(port), ...flags],
      account,
      path: dataDir,
    });
    const log = keepTail(child);
    options.onStarting?.();
    try {
      await ready(child, log);
    } catch (error) {
      // Somebody took the port between our look and Postgres's bind.
      if (attempt < 3 && log.text().includes("could not bind")) continue;
      throw error;
    }
    const adminUrl = `postgres://supabase_admin:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
    return { port, adminUrl, created, died: diedUnasked(child, log), stop: () => stop(child) };
  }
}

async function makeDirectory(dataDir: string, account: PostgresAccount | undefined): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    if (account) {
      const owner = await stat(dataDir);
      if (owner.uid !== account.uid) await chown(dataDir, account.uid, account.gid);
    }
    accessSync(dataDir, constants.W_OK);
  } catch (cause) {
    throw notWritable(dataDir, cause);
  }
}

function notWritable(directory: string, cause: unknown): CoderError {
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  return new CoderError(
    "unavailable",
    `The data directory ${directory} cannot be written (${reason}); give write permission to it or set CODER_DATA to another directory.`,
    { cause },
  );
}

async function initialise(options: {
  initdb: string;
  dataDir: string;
  password: string;
  account: PostgresAccount | undefined;
  onStarting: (() => void) | undefined;
}): Promise<void> {
  const passwordFile = join(tmpdir(), `coder-initdb-${randomBytes(8).toString("hex")}`);
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600, flag: "wx" });
  if (options.account) await chown(passwordFile, options.account.uid, options.account.gid);
  // --no-sync: the first checkpoint and the system write the files back; losing power within the first seconds
  // of an empty installation loses nothing.
  const args = [
    "-D",
    options.dataDir,
    "-U",
    "supabase_admin",
    `--pwfile=${passwordFile}`,
    "-A",
    "scram-sha-256",
  ];
  args.push(
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
  );
  const child = spawnAs({ command: options.initdb, args, account: options.account, path: options.dataDir });
  options.onStarting?.();
  const log = keepTail(child);
  const [code] = (await once(child, "close")) as [number | null];
  await rm(passwordFile, { force: true });
  if (code === 0) return;
  // A half-made cluster would look like a whole one at the next start; initdb removes its own files only on its own errors.
  await rm(join(options.dataDir, "PG_VERSION"), { force: true });
  if (/permission denied|read-only/i.test(log.text()))
    throw notWritable(options.dataDir, new Error(log.last()));
  throw new CoderError(
    "unavailable",
    `Postgres could not make its data directory ${options.dataDir}: ${log.last()}`,
  );
}

interface Spawn {
  command: string;
  args: string[];
  account: PostgresAccount | undefined;
  /** The data directory, to see whether the account can reach it. */
  path: string;
}

/**
 * Starts a Postgres program, where possible through setpriv(1) so that it dies with us even on SIGKILL.
 * Where root's home holds the checkout or the data, the unprivileged account cannot traverse the path:
 * it is then given the one capability that lets it (CAP_DAC_OVERRIDE), and nothing else.
 */
function spawnAs({ command, args, account, path }: Spawn): ChildProcess {
  const env = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
  // Own process group: Ctrl-C must reach us first, so that everything else stops before the database does.
  const options = {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    cwd: "/",
  };
  if (process.platform !== "linux" || !canDieWithParent()) {
    return spawn(command, args, { ...options, ...account });
  }
  const wrapper = ["--pdeathsig", "INT"];
  if (account) {
    wrapper.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups");
    if (!isReachable(command) || !isReachable(path))
      wrapper.push("--inh-caps=+dac_override", "--ambient-caps=+dac_override");
  }
  return spawn(setpriv, [...wrapper, command, ...args], options);
}

/** Of util-linux; part of every Linux but the smallest images. */
const setpriv = "setpriv";

let setprivFound: boolean | undefined;
/** Whether a child can be started so that it dies with us even on SIGKILL (setpriv(1) of util-linux). */
export function canDieWithParent(): boolean {
  // Asked by running it: busybox has a setpriv without these options.
  setprivFound ??= (() => {
    try {
      execFileSync(setpriv, ["--pdeathsig", "INT", "true"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();
  return setprivFound;
}

/** Whether everybody may enter each directory above the path. */
function isReachable(path: string): boolean {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o001) === 0) return false;
    if (directory === dirname(directory)) return true;
  }
}

interface LogTail {
  text(): string;
  last(): string;
}

/** Keeps the last lines that a child wrote, for the message of its failure. */
function keepTail(child: ChildProcess): LogTail {
  let tail = "";
  const add = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-8192);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  return {
    text: () => tail,
    last: () => {
      const lines = tail.trim().split("\n");
      return lines.findLast((line) => /FATAL|ERROR|error:/.test(line)) ?? lines.at(-1) ?? "";
    },
  };
}

function ready(child: ChildProcess, log: LogTail): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!log.text().includes("database system is ready to accept connections")) return;
      child.stderr?.off("data", look);
      resolve();
    };
    child.stderr?.on("data", look);
    child.once("error", (cause) =>
      reject(new CoderError("unavailable", `Postgres could not be started: ${cause.message}`, { cause })),
    );
    child.once("close", () => reject(new CoderError("unavailable", `Postgres did not start: ${log.last()}`)));
  });
}

function diedUnasked(child: ChildProcess, log: LogTail): Promise<string> {
  return new Promise((resolve) => {
    child.once("close", () => {
      if (!stopping.has(child)) resolve(log.last());
    });
  });
}

const stopping = new WeakSet<ChildProcess>();

async function stop(child: ChildProcess): Promise<void> {
  if (stopping.has(child)) return;
  stopping.add(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGINT");
  // Fast shutdown waits for a checkpoint; an immediate one is recovered from at the next start.
  const impatience = setTimeout(() => child.kill("SIGQUIT"), 10_000);
  await closed;
  clearTimeout(impatience);
}

/** Stops a Postgres that a killed stack left on this directory, and removes a `postmaster.pid` that names nobody. */
export async function stopOrphan(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, "postmaster.pid");
  const content = await readFile(pidFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw notWritable(dataDir, error);
  });
  if (content === undefined) return;
  const pid = Number(content.split("\n")[0]);
  if (Number.isInteger(pid) && pid > 1 && isPostgresOf(pid, dataDir)) {
    process.kill(pid, "SIGINT");
    if (!(await gone(pid, 8_000))) {
      process.kill(pid, "SIGQUIT");
      if (!(await gone(pid, 5_000))) {
        throw new CoderError(
          "unavailable",
          `An old Postgres (process ${pid}) still holds ${dataDir} and does not end; stop it with: kill -9 ${pid}`,
        );
      }
    }
  }
  // The number may by now belong to another program, and Postgres would then refuse to start.
  await rm(pidFile, { force: true });
}

/** Whether the process is a Postgres server of this data directory: a number in a stale file proves nothing. */
function isPostgresOf(pid: number, dataDir: string): boolean {
  const command = commandOf(pid);
  const [program, ...args] = command;
  return program !== undefined && /postgres(\.exe)?$/.test(program) && args.includes(dataDir);
}

function commandOf(pid: number): string[] {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(" ");
  } catch {
    // No such process any more.
    return [];
  }
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline;) {
    if (commandOf(pid)[0] === undefined || commandOf(pid)[0] === "") return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
