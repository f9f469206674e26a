import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { runningProcesses, type RunningProcess } from "../../workflows/testing/runningProcesses.ts";
import { freePort } from "./postgres.ts";
import { processStart } from "./processStart.ts";
import { startTestStack, type TestStack } from "./testing.ts";

// Several whole starts in one test, on a machine that may run other suites beside.
vi.setConfig({ testTimeout: 120_000 });

const program = fileURLToPath(new URL("./start.ts", import.meta.url));
const stacks: TestStack[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.stop();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startTestStack>[0] = {}) {
  const stack = await startTestStack(options);
  stacks.push(stack);
  return stack;
}

async function directory() {
  const path = await mkdtemp(join(tmpdir(), "coder-lifecycle-"));
  directories.push(path);
  return path;
}

/** All processes that name the directory in their arguments or their environment's CODER_* values, or work in it. */
async function processesOf(dataDir: string): Promise<RunningProcess[]> {
  const found: RunningProcess[] = [];
  for (const running of runningProcesses()) {
    const { pid, args } = running;
    if (pid === process.pid) continue;
    const rest = await Promise.all([
      readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
      readlink(`/proc/${pid}/cwd`).catch(() => ""),
    ]);
    if ([...args, ...rest].some((part) => part.includes(dataDir)) && processStart(pid) !== undefined)
      found.push(running);
  }
  return found;
}

/** Runs start.ts to its own end and gives what it said. */
async function startAndFail(env: Record<string, string>, account: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, CODER_PORT: "0", CODER_WEB_BUILD: "skip", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...account,
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, lines: stderr.trim().split("\n") };
}

test("an empty data directory becomes an installation whose secrets are its own and nobody else's to read", async () => {
  const dataDir = await directory();
  const stack = await start({ dataDir: join(dataDir, "new") });
  expect((await stat(join(dataDir, "new/secrets.json"))).mode & 0o777).toBe(0o600);
  expect(
    stack
      .output()
      .split("\n")
      .filter((line) => line.startsWith("Coder is")),
  ).toEqual([`Coder is ready at ${stack.url}`]);
  const user = await stack.createUser("a@example.com");
  await stack.stop();
  const again = await start({ dataDir: join(dataDir, "new"), port: stack.port });
  expect(again.url).toBe(stack.url);
  const response = await fetch(`${again.url}/auth/v1/user`, {
    headers: { apikey: again.anonKey, authorization: `Bearer ${user.session.access_token}` },
  });
  expect(((await response.json()) as { email: string }).email).toBe("a@example.com");
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends everything and leaves no process", async (signal) => {
  const dataDir = await directory();
  const stack = await start({ dataDir });
  expect((await processesOf(dataDir)).length).toBeGreaterThan(2);
  await stack.stop(signal);
  expect(stack.process.exitCode).toBe(0);
  expect(await processesOf(dataDir)).toEqual([]);
});

test("after kill -9 the data is there, and what was left running is replaced", async () => {
  const dataDir = await directory();
  const first = await start({ dataDir });
  await first.createUser("kept@example.com");
  first.process.kill("SIGKILL");
  await once(first.process, "exit");
  const second = await start({ dataDir });
  const response = await fetch(`${second.url}/auth/v1/admin/users`, {
    headers: { apikey: second.anonKey, authorization: `Bearer ${second.serviceRoleKey}` },
  });
  const { users } = (await response.json()) as { users: { email: string }[] };
  expect(users.map(({ email }) => email)).toContain("kept@example.com");
  await second.stop();
  await vi.waitFor(async () => expect(await processesOf(dataDir)).toEqual([]), { timeout: 15_000 });
});

test("an orphaned Postgres of the data directory is stopped, and a stale postmaster.pid of a stranger is no obstacle", async () => {
  const dataDir = await directory();
  const first = await start({ dataDir });
  await first.stop();
  // The number of a process that lives, and is no Postgres of this directory: ours.
  await writeFile(
    join(dataDir, "postgres/postmaster.pid"),
    `${process.pid}\n${join(dataDir, "postgres")}\n0\n1\n`,
  );
  const second = await start({ dataDir });
  expect((await fetch(`${second.url}/healthz`)).status).toBe(200);
});

test("when Postgres is killed it comes back, on the same port, and the stack goes on", async () => {
  const stack = await start();
  const pidOf = async () =>
    Number((await readFile(join(stack.dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
  const before = await pidOf();
  const url = await stack.databaseUrl();
  process.kill(before, "SIGKILL");
  await vi.waitFor(
    async () => {
      expect(await pidOf()).not.toBe(before);
      expect((await stack.createUser(`u${Date.now()}@example.com`)).id).toBeTruthy();
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(await stack.databaseUrl()).toBe(url);
});

test("when the worker is killed another takes its place, and /healthz says so meanwhile", async () => {
  const stack = await start();
  const workers = async () => {
    const running = await processesOf(stack.dataDir);
    return running.filter(({ args }) => args.at(-1)?.endsWith("worker.ts")).map(({ pid }) => pid);
  };
  const [before] = await workers();
  process.kill(before!, "SIGKILL");
  await vi.waitFor(async () => expect((await fetch(`${stack.url}/healthz`)).status).toBe(503), {
    timeout: 5000,
    interval: 20,
  });
  await vi.waitFor(async () => expect((await fetch(`${stack.url}/healthz`)).status).toBe(200), {
    timeout: 20_000,
    interval: 100,
  });
  expect(await workers()).not.toContain(before);
});

test("two stacks run side by side, and each knows only its own users", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.port).not.toBe(two.port);
  const user = await one.createUser("one@example.com");
  const headers = { apikey: two.anonKey, authorization: `Bearer ${user.session.access_token}` };
  expect((await fetch(`${two.url}/auth/v1/user`, { headers })).status).toBe(403);
  expect((await fetch(`${two.url}/rest/v1/orgs`, { headers })).status).toBe(401);
});

test("a second stack on the same data directory is refused and does not disturb the first", async () => {
  const dataDir = await directory();
  const stack = await start({ dataDir });
  const { code, lines } = await startAndFail({ CODER_DATA: dataDir });
  expect([code, lines]).toEqual([
    1,
    [expect.stringMatching(/^Coder already runs on .* \(process \d+\); stop that one or set CODER_DATA/)],
  ]);
  expect((await fetch(`${stack.url}/healthz`)).status).toBe(200);
});

test.each(["127.0.0.1", "::1"])("a port that is taken on %s: one line with the remedy", async (host) => {
  const port = await freePort();
  const other = createServer().listen(port, host);
  await once(other, "listening");
  const { code, lines } = await startAndFail({ CODER_DATA: await directory(), CODER_PORT: String(port) });
  other.close();
  expect([code, lines]).toEqual([
    1,
    [`Port ${port} is taken; stop the program that listens there or set CODER_PORT to another port.`],
  ]);
});

test("without CODER_PORT it takes 3000, or the next one that is free", async () => {
  // Where 3000 is taken already, by another program on this machine, that one is the stranger.
  const stranger = createServer().listen(3000, "127.0.0.1");
  await Promise.race([once(stranger, "listening"), once(stranger, "error")]);
  const stack = await start({ env: { CODER_PORT: "" } });
  stranger.close();
  expect(stack.port).toBeGreaterThan(3000);
  expect(stack.port).toBeLessThanOrEqual(3100);
  expect(stack.output()).toContain(`Coder is ready at http://localhost:${stack.port}\n`);
  expect((await fetch(`${stack.url}/healthz`)).status).toBe(200);
});

test("a port that is no port: one line with the remedy", async () => {
  const { code, lines } = await startAndFail({ CODER_DATA: await directory(), CODER_PORT: "http" });
  expect([code, lines]).toEqual([1, ['CODER_PORT is "http"; set it to a number from 0 to 65535.']]);
});

test("a data directory that cannot be written: one line with the remedy", async () => {
  const parent = await directory();
  const dataDir = join(parent, "read-only");
  await mkdir(dataDir);
  await chmod(parent, 0o755);
  await chmod(dataDir, 0o555);
  // Modes bind everybody but root, so as root the program runs as nobody.
  const account = userInfo().uid === 0 ? { uid: 65534, gid: 65534 } : {};
  for (const path of [dataDir, join(dataDir, "below"), "/proc/coder-data"]) {
    const { code, lines } = await startAndFail({ CODER_DATA: path }, account);
    expect([code, lines]).toEqual([
      1,
      [expect.stringContaining(`The data directory ${path} cannot be written (`)],
    ]);
    expect(lines[0]).toMatch(/set CODER_DATA to another directory\.$/);
  }
});

test("damaged secrets: one line with the remedy, and nothing is overwritten", async () => {
  const dataDir = await directory();
  await writeFile(join(dataDir, "secrets.json"), '{"jwtSecret":');
  const { code, lines } = await startAndFail({ CODER_DATA: dataDir });
  expect([code, lines]).toEqual([
    1,
    [expect.stringContaining("secrets.json is damaged; restore it from a backup")],
  ]);
  expect(await readFile(join(dataDir, "secrets.json"), "utf8")).toBe('{"jwtSecret":');
});

test("a missing sandbox tool does not stop the start, and is named with the command that installs it", async () => {
  const stack = await start({ env: { PATH: await pathWithout(["bwrap", "socat"]) } });
  await vi.waitFor(() =>
    expect(stack.output()).toMatch(
      /Workflow runs need bubblewrap, socat for their sandbox; install with: \S+/,
    ),
  );
});

/** A PATH of links to everything on ours but the named programs and apt, so that nothing is installed by the test. */
async function pathWithout(names: string[]): Promise<string> {
  const { symlink } = await import("node:fs/promises");
  const target = await directory();
  for (const source of (process.env.PATH ?? "").split(":")) {
    for (const name of await readdir(source).catch(() => [])) {
      if (names.includes(name) || name.startsWith("apt")) continue;
      await symlink(join(source, name), join(target, name)).catch(() => undefined);
    }
  }
  return target;
}
