import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { CoderError } from "../../shared/errors.ts";
import { allowedDomains, registryHostsOf } from "../../shared/policy/decideNetwork.ts";
import { connectCommandServer } from "./commandClient.ts";
import { killGroup } from "./killGroup.ts";
import { findProgram } from "./probe.ts";
import { makeRunDirectory, sandboxEnvironment, type RunDirectory } from "./runDirectory.ts";
import type { Sandbox, SandboxOptions, SandboxSecret } from "./sandbox.ts";
import type { SrtLaunch } from "./srtLauncher.ts";

/**
 * One long-lived `srt` (@anthropic-ai/sandbox-runtime) per run, with the command server inside: starting srt costs
 * 200–300 ms, a command in the open sandbox the same as outside. Inside there is the system, read-only, and the run's
 * own directories; its network has only srt's proxies, which let through the allowed hosts.
 */
export async function openSrtSandbox(options: SandboxOptions): Promise<Sandbox> {
  const workDir = options.workDir;
  const directory = await makeRunDirectory(workDir);
  // A run has a sandbox for each set of secrets that its steps are given: what is srt's own is each one's own.
  const own = randomBytes(6).toString("hex");
  const stubs = join(workDir, `stubs-${own}`);
  await Promise.all([options.cacheDir, stubs].map((path) => mkdir(path, { recursive: true })));
  // Outside the directories that the sandbox may write to, for it holds the rules.
  const settingsFile = join(workDir, `sandbox-${own}.json`);
  const environment = sandboxEnvironment(directory, options);
  // srt's own sockets; the path of a socket may have 107 bytes, and a run's directory alone can be longer.
  await (sweptSockets ??= sweepSockets());
  const sockets = await realpath(await mkdtemp(join(tmpdir(), `${socketsPrefix}${process.pid}-`)));
  const network = { allowed_domains: [...options.allowedDomains] };
  const launch: SrtLaunch = {
    sandbox: await settings(directory, options, [stubs, sockets]),
    network,
    registryHosts: registryHostsOf(options.registry),
  };
  await writeFile(settingsFile, JSON.stringify(launch), { mode: 0o600 });
  const srt = [process.execPath, launcher, settingsFile, process.execPath, directory.server, directory.repo];
  // Where setpriv is, the kernel ends srt (and srt its tree) even when the worker is killed outright. Elsewhere, and
  // besides, the server inside ends everything when its input closes.
  const setpriv = findProgram("setpriv");
  const [command, ...args] = setpriv ? [setpriv, "--pdeathsig", "TERM", ...srt] : srt;
  const child = spawn(command ?? process.execPath, args, {
    // srt lays unreadable stubs (.bashrc, .gitconfig, …) into its working directory and its HOME, and git refuses to
    // work with such a .gitconfig: both are a directory of its own. The server gives commands the run's HOME.
    cwd: stubs,
    env: {
      ...environment,
      HOME: stubs,
      TMPDIR: sockets,
      CODER_HOME: directory.home,
      CLAUDE_CODE_TMPDIR: directory.tmp,
      CODER_SECRETS_FD: "3",
      // A third of what opening a sandbox costs is reading the launcher's code; the launcher takes the name out again.
      ...(process.env.NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } : {}),
    },
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
  });
  handOver(child.stdio[3], masked(options));
  return connectCommandServer({
    kind: "srt",
    repoDir: directory.repo,
    child,
    ...(child.stdio[4] instanceof Readable ? { reached: child.stdio[4] } : {}),
    values: Object.fromEntries(
      (options.secrets ?? [])
        .filter(({ givenAs }) => givenAs === "value")
        .map(({ name, value }) => [name, value]),
    ),
    // TERM lets srt kill its whole tree; KILL to srt alone would leave orphans.
    kill: async () => {
      await killGroup(child, { firstSignal: "SIGTERM", graceMs: 2_000 });
      const left = [settingsFile, sockets, stubs];
      await Promise.all(left.map((path) => rm(path, { recursive: true, force: true })));
    },
  });
}

const launcher = fileURLToPath(new URL("./srtLauncher.ts", import.meta.url));

function masked(options: SandboxOptions): SandboxSecret[] {
  return (options.secrets ?? []).filter(({ givenAs }) => givenAs === "placeholder");
}

/** By a pipe: an argument list or an environment can be read by others. */
function handOver(pipe: unknown, secrets: readonly SandboxSecret[]): void {
  if (!(pipe instanceof Writable))
    throw new CoderError("internal", "The sandbox has no pipe for its secrets");
  // One that ends at once is reported by its end, not by its pipe.
  pipe.on("error", () => undefined);
  pipe.end(JSON.stringify(Object.fromEntries(secrets.map(({ name, value }) => [variableOf(name), value]))));
}

/** As the server inside knows them (commandServer.ts). */
function variableOf(secret: string): string {
  return `CODER_SECRET_${secret}`;
}

const socketsPrefix = "coder-srt-";
let sweptSockets: Promise<void> | undefined;

/** Removes the socket directories of workers that were killed; once in a process. */
async function sweepSockets(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${socketsPrefix}(\\d+)-`).exec(name)?.[1] ?? 0);
    if (pid === 0 || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function srtEntry(): string {
  return join(dirname(createRequire(import.meta.url).resolve("@anthropic-ai/sandbox-runtime")), "cli.js");
}

/** Top-level directories that belong to the system, and so may be read. */
const systemDirs = new Set([
  "bin",
  "sbin",
  "lib",
  "lib32",
  "lib64",
  "libx32",
  "usr",
  "etc",
  "opt",
  "dev",
  "proc",
  "sys",
  "nix",
  "snap",
  "System",
  "Library",
]);
/** Inside the system, but nobody's business. */
const systemSecrets = [
  "/etc/shadow",
  "/etc/shadow-",
  "/etc/gshadow",
  "/etc/gshadow-",
  "/etc/ssh",
  "/etc/ssl/private",
  "/etc/sudoers",
  "/etc/sudoers.d",
];

async function settings(
  directory: RunDirectory,
  options: SandboxOptions,
  srtDirs: string[],
): Promise<object> {
  const secrets = masked(options);
  const top = readdirSync("/", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !systemDirs.has(entry.name))
    .map((entry) => `/${entry.name}`);
  const own = [directory.repo, directory.home, directory.tmp];
  const certificates = [process.env.NODE_EXTRA_CA_CERTS, process.env.SSL_CERT_FILE, process.env.SSL_CERT_DIR];
  const readable = [
    ...own,
    directory.bin,
    directory.server,
    options.cacheDir,
    ...(options.readableDirs ?? []),
    ...directory.toolDirs,
    dirname(srtEntry()),
    join(dirname(srtEntry()), "../vendor"),
    ...srtDirs,
    ...certificates,
  ];
  const existing = await Promise.all(readable.map((path) => realpath(path ?? "").catch(() => undefined)));
  return {
    network: {
      // For what srt derives from it. Who may be reached is decided by the launcher, connection by connection.
      allowedDomains: proxyDomains(options),
      deniedDomains: [],
      strictAllowlist: true,
      // srt's filter against Unix sockets runs commands below a second PID namespace, where /proc is of the first:
      // no /proc/self, so no ps and no current_exe. It is not needed: no socket of the machine is visible inside
      // (/run, /var, /tmp and the homes are hidden), and abstract ones belong to the network namespace.
      allowAllUnixSockets: true,
      // Only where it is needed: without secrets the proxy sees no more than the names of hosts.
      ...(secrets.length === 0 ? {} : { tlsTerminate: {} }),
    },
    ...(secrets.length === 0
      ? {}
      : { credentials: { envVars: secrets.map(({ name }) => ({ name: variableOf(name), mode: "mask" })) } }),
    filesystem: {
      denyRead: [...new Set([...top, homedir(), tmpdir(), ...systemSecrets, ...(options.privateDirs ?? [])])],
      allowRead: [...new Set(existing.filter((path) => path !== undefined))],
      allowWrite: [...own, options.cacheDir],
      // Commits work, but nothing inside can plant a hook or a filter for a git that runs outside.
      denyWrite: [join(directory.repo, ".git/hooks"), join(directory.repo, ".git/config")],
    },
  };
}

const domainPattern = /^(\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(:\d{1,5})?$/;

/** The policy's entries as srt writes them. */
function proxyDomains(options: SandboxOptions): string[] {
  const wrong = options.allowedDomains.find((domain) => domain !== "registry" && !domainPattern.test(domain));
  if (wrong !== undefined) {
    throw new CoderError(
      "bad_input",
      `"${wrong}" is no host: policies.network.allowed_domains takes registry, host, *.host or host:port`,
    );
  }
  const registryHosts = registryHostsOf(options.registry);
  return allowedDomains({ allowed_domains: [...options.allowedDomains] }, { registryHosts });
}
