/**
 * Runs inside a run's sandbox for as long as the run lives, and does there what the worker asks for over a pair of
 * pipes, one JSON object a line. Self-contained (node: imports only): its text is handed into the sandbox.
 * When the worker's end of the pipe closes, by intent or because the worker died, it takes everything down with it.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants as fsConstants, existsSync, readdirSync, readFileSync } from "node:fs";
import { lstat, mkdir, open, readdir, rename, stat, writeFile } from "node:fs/promises";
import { constants as osConstants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { StringDecoder } from "node:string_decoder";

interface Request {
  id: number;
  op: "exec" | "kill" | "list" | "read" | "write";
  command: string;
  env: Record<string, string>;
  cwd: string;
  path: string;
  content: string;
  maxFiles: number;
  maxBytes: number;
  skip: string[];
  graceMs: number;
}

const repo = resolve(process.argv[2] ?? ".");
const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
const environment: NodeJS.ProcessEnv = { ...process.env };
if (environment.CODER_HOME !== undefined) environment.HOME = environment.CODER_HOME;
delete environment.CODER_HOME;
/** What stands for each secret in here; a command gets those that its own environment names, no others. */
const placeholders: Record<string, string> = {};
const secretPrefix = "CODER_SECRET_";
for (const [name, value] of Object.entries(environment)) {
  if (!name.startsWith(secretPrefix)) continue;
  placeholders[name.slice(secretPrefix.length)] = value ?? "";
  delete environment[name];
}
const running = new Map<number, ChildProcess>();

function reply(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** What commands print, as long as the worker has not taken what was printed before; a command waits for its reader. */
const waiting = new Set<NodeJS.ReadableStream>();
process.stdout.on("drain", () => {
  const sources = [...waiting];
  waiting.clear();
  for (const source of sources) source.resume();
});

/** Pids of processes that carry the mark of a command in their environment: those that left its process group. */
function marked(mark: string): number[] {
  const found: number[] = [];
  if (!existsSync("/proc/self/environ")) return found;
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || pid === 1) continue;
    try {
      if (readFileSync(`/proc/${name}/environ`, "latin1").split("\0").includes(mark)) found.push(pid);
    } catch {
      // It ended meanwhile, or is not ours to look at.
      continue;
    }
  }
  return found;
}

function signalTree(id: number, leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader !== undefined) tryKill(-leader, signal);
  for (const pid of marked(`CODER_COMMAND=${process.pid}.${id}`)) tryKill(pid, signal);
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone: what was asked for.
    return;
  }
}

function exec(request: Request): void {
  const { id } = request;
  const child = spawn(shell, ["-e", "-c", request.command], {
    cwd: resolve(repo, request.cwd),
    env: { ...environment, ...request.env, CODER_COMMAND: `${process.pid}.${id}` },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.set(id, child);
  const pipe = (stream: "out" | "err", source: NodeJS.ReadableStream): void => {
    const decoder = new StringDecoder("utf8");
    source.on("data", (chunk: Buffer) => {
      const text = decoder.write(chunk);
      if (text !== "") reply({ id, stream, text });
      if (!process.stdout.writableNeedDrain) return;
      source.pause();
      waiting.add(source);
    });
    source.on("end", () => {
      const text = decoder.end();
      if (text !== "") reply({ id, stream, text });
    });
  };
  pipe("out", child.stdout);
  pipe("err", child.stderr);
  child.on("error", (error) => {
    running.delete(id);
    reply({
      id,
      error: { code: "unavailable", message: `The command could not be started: ${error.message}` },
    });
  });
  child.on("exit", (code, signal) => {
    if (!running.delete(id)) return;
    const exitCode = code ?? 128 + (signal ? osConstants.signals[signal] : 0);
    const finish = (): void => {
      clearTimeout(late);
      child.removeListener("close", finish);
      reply({ id, exit: exitCode });
    };
    // What the command left behind in the background ends with it; some of it may still hold the pipes.
    signalTree(id, child.pid, "SIGKILL");
    let late: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(late);
      // While the worker does not read, nobody can tell what is still to come.
      late = setTimeout(() => (process.stdout.writableNeedDrain ? wait() : finish()), 500);
    };
    wait();
    child.on("close", finish);
  });
}

function kill(request: Request): void {
  const child = running.get(request.id);
  if (!child) return;
  signalTree(request.id, child.pid, "SIGTERM");
  setTimeout(() => {
    if (running.has(request.id)) signalTree(request.id, child.pid, "SIGKILL");
  }, request.graceMs);
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

async function list(request: Request): Promise<object> {
  const root = resolve(repo, request.path);
  const top = await stat(root).catch(() => undefined);
  if (!top?.isDirectory()) throw new Refused("not_found", `There is no directory ${request.path}`);
  const files: { path: string; size: number }[] = [];
  const walk = async (directory: string, prefix: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = prefix + entry.name;
      if (entry.isDirectory()) {
        if (!request.skip.includes(entry.name)) await walk(join(directory, entry.name), `${path}/`);
      } else if (entry.isFile()) {
        if (files.length >= request.maxFiles)
          throw new Refused("too_large", `${request.path} holds more than ${request.maxFiles} files`);
        files.push({ path, size: (await lstat(join(directory, entry.name))).size });
      }
    }
  };
  await walk(root, "");
  return { files };
}

async function read(request: Request): Promise<object> {
  // Of a pipe that nobody writes to, an ordinary open would wait for ever.
  const flags = fsConstants.O_RDONLY | fsConstants.O_NONBLOCK;
  const file = await open(resolve(repo, request.path), flags).catch((error: NodeJS.ErrnoException) => {
    throw new Refused("not_found", `${request.path} cannot be read (${error.code ?? error.message})`);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw new Refused("not_found", `${request.path} is not a file`);
    if (info.size > request.maxBytes)
      throw new Refused("too_large", `${request.path} has ${info.size} bytes, more than ${request.maxBytes}`);
    return { content: (await file.readFile()).toString("base64") };
  } finally {
    await file.close();
  }
}

async function write(request: Request): Promise<object> {
  const path = resolve(repo, request.path);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.${request.id}.part`;
  await writeFile(temporary, Buffer.from(request.content, "base64"));
  await rename(temporary, path);
  return {};
}

async function answer(request: Request): Promise<void> {
  const operations = { list, read, write };
  try {
    if (request.op === "exec") return exec(request);
    if (request.op === "kill") return kill(request);
    reply({ id: request.id, result: await operations[request.op](request) });
  } catch (error) {
    const code = error instanceof Refused ? error.code : "internal";
    reply({
      id: request.id,
      error: { code, message: error instanceof Error ? error.message : String(error) },
    });
  }
}

let rest = "";
const decoder = new StringDecoder("utf8");
process.stdin.on("data", (chunk: Buffer) => {
  const lines = (rest + decoder.write(chunk)).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) void answer(JSON.parse(line) as Request);
});
function leave(): void {
  for (const [id, child] of running) signalTree(id, child.pid, "SIGKILL");
  process.exit(0);
}
process.stdin.on("end", leave);
process.stdin.on("error", leave);
process.stdout.on("error", leave);
reply({ ready: true, placeholders });
