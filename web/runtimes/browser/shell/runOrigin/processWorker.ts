/**
 * What runs in a process worker of the run origin: it makes the worker look like Node, takes the bundled script from
 * the kernel and runs it. This file is bundled to `process.js` and imported by every process worker.
 */
import { Buffer } from "buffer";
import type { FromProcess, ProcessStart, ToProcess } from "../processProtocol.ts";
import { Activity } from "./activity.ts";
import { createBuiltins } from "./builtins/builtins.ts";
import { inspect } from "./inspect.ts";
import { createConsole } from "./processConsole.ts";
import { ProcessFs } from "./processFs.ts";
import type { NodeProcess } from "./processObject.ts";
import { ProcessExit, createProcess } from "./processObject.ts";
import { rewriteBuiltins } from "./rewriteBuiltins.ts";
import { createNodeTest } from "./testing/nodeTest.ts";
import { TestRunner, summary } from "./testing/testRunner.ts";
import type { TestReport } from "./testing/testRunner.ts";
import { createVitest } from "./testing/vitestShim.ts";

interface WorkerScope {
  postMessage(message: FromProcess): void;
  addEventListener(type: string, listener: (event: never) => void): void;
}

const scope = globalThis as unknown as WorkerScope & Record<string, unknown>;
// User code may replace the global one.
const post = scope.postMessage.bind(scope);
const isBrowserWorker = "WorkerGlobalScope" in globalThis;
const activity = new Activity();

/** Programs print in small pieces: after the first, those of the next moment go as one message. */
const pendingOutput: { stream: "stdout" | "stderr"; text: string }[] = [];
const outputPauseMs = 8;
let lastFlush = Number.NEGATIVE_INFINITY;
function write(stream: "stdout" | "stderr", text: string): void {
  const last = pendingOutput.at(-1);
  if (last?.stream === stream) last.text += text;
  else pendingOutput.push({ stream, text });
  // At once when the last time is long ago: a loop that never ends would never reach a timer.
  if (performance.now() - lastFlush > outputPauseMs) flushOutput();
  else if (last === undefined) activity.untracked(flushOutput, outputPauseMs);
}

function flushOutput(): void {
  lastFlush = performance.now();
  for (const { stream, text } of pendingOutput.splice(0)) post({ type: stream, text });
}

let processFs: ProcessFs | undefined;
let hasExited = false;
function exit(code: number): void {
  if (hasExited) return;
  hasExited = true;
  processFs?.sync();
  flushOutput();
  post({ type: "exit", code });
}

function printError(error: unknown, names: Map<string, string>): void {
  let text = error instanceof Error ? inspect(error) : `Uncaught ${inspect(error)}`;
  for (const [url, path] of names) text = text.replaceAll(url, path);
  // The frames below the script are this file's.
  const lines = text.split("\n").filter((line) => !/^\s+at .*(?:\/process\.js|node:internal)/.test(line));
  write("stderr", `${lines.join("\n")}\n`);
}

const urls = new Map<string, string>();

/** The address under which a script's source can be imported. */
function sourceUrl(code: string, path: string): string {
  const url = isBrowserWorker
    ? URL.createObjectURL(new Blob([code], { type: "text/javascript" }))
    : `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
  urls.set(url, path);
  return url;
}

async function load(
  entry: ProcessStart["entries"][number],
  builtins: Record<string, object>,
): Promise<unknown> {
  const directory = entry.path.slice(0, entry.path.lastIndexOf("/"));
  Object.assign(globalThis, {
    __coderImportMeta: {
      url: `file://${entry.path}`,
      filename: entry.path,
      dirname: directory,
      main: true,
      env: {},
    },
    __filename: entry.path,
    __dirname: directory,
  });
  const url = sourceUrl(await rewriteBuiltins(entry.code, builtins), entry.path);
  return import(/* @vite-ignore */ url);
}

function prepare(start: ProcessStart): {
  process: NodeProcess;
  builtins: Record<string, object>;
  runner: TestRunner;
} {
  const process = createProcess({
    argv: ["/usr/bin/node", start.entries[0]?.path ?? "", ...start.argv],
    env: start.env,
    cwd: start.cwd,
    columns: start.columns,
    activity,
    write,
    exit,
  });
  processFs = new ProcessFs(start.files, {
    cwd: () => process.cwd(),
    report: (changes) => post({ type: "changes", changes }),
    later: (action) => activity.untracked(action, 20),
  });
  const runner = new TestRunner({
    write: (text) => write("stdout", text),
    testNamePattern: start.testNamePattern,
  });
  const console = createConsole({
    stdout: (text) => write("stdout", text),
    stderr: (text) => write("stderr", text),
  });
  Object.assign(globalThis.console, console);
  activity.install();
  Object.assign(globalThis, { process, Buffer, global: globalThis });
  const builtins = createBuiltins({ process, fs: processFs.fs, test: createNodeTest(runner) });
  Object.assign(globalThis, { __coderBuiltins: builtins });
  return { process, runner, builtins };
}

async function runScript(
  start: ProcessStart,
  { process, builtins }: ReturnType<typeof prepare>,
): Promise<number> {
  for (const entry of start.entries) await load(entry, builtins);
  await activity.idle();
  process.emit("beforeExit", process.exitCode ?? 0);
  await activity.idle();
  process.emit("exit", process.exitCode ?? 0);
  return process.exitCode ?? 0;
}

async function runTests(
  start: ProcessStart,
  { builtins, runner, process }: ReturnType<typeof prepare>,
): Promise<number> {
  const vitest = createVitest(runner);
  Object.assign(globalThis, { __coderVitest: vitest });
  // As with `globals: true`; a test that imports them does not notice.
  const names = [
    "describe",
    "it",
    "test",
    "expect",
    "vi",
    "beforeAll",
    "beforeEach",
    "afterAll",
    "afterEach",
  ];
  for (const name of names) (globalThis as Record<string, unknown>)[name] = vitest[name];
  process.env.NODE_ENV = "test";
  process.env.VITEST = "true";
  const startedAt = performance.now();
  const reports: TestReport[] = [];
  for (const entry of start.entries) {
    reports.push(await runner.runFile(entry.path.replace(/^\/project\//, ""), () => load(entry, builtins)));
  }
  write("stdout", `${summary(reports, performance.now() - startedAt)}\n`);
  return reports.some(({ failed }) => failed > 0) ? 1 : 0;
}

async function run(start: ProcessStart): Promise<void> {
  const parts = prepare(start);
  onStdin = (text) => (text === undefined ? parts.process.stdin.end() : parts.process.stdin.receive(text));
  const release = activity.hold();
  const fail = (error: unknown): void => {
    if (error instanceof ProcessExit || hasExited) return;
    // Like Node: a handler for it keeps the process going.
    if (parts.process.listenerCount("uncaughtException") > 0) parts.process.emit("uncaughtException", error);
    else {
      printError(error, urls);
      exit(1);
    }
  };
  scope.addEventListener("error", (event: { error?: unknown; preventDefault?: () => void }) => {
    event.preventDefault?.();
    fail(event.error);
  });
  scope.addEventListener("unhandledrejection", (event: { reason?: unknown; preventDefault?: () => void }) => {
    event.preventDefault?.();
    if (parts.process.listenerCount("unhandledRejection") > 0)
      parts.process.emit("unhandledRejection", event.reason);
    else fail(event.reason);
  });
  try {
    const code = await (start.mode === "test"
      ? runTests(start, parts)
      : (release(), runScript(start, parts)));
    exit(code);
  } catch (error) {
    fail(error);
  }
}

let onStdin: (text: string | undefined) => void = () => undefined;
scope.addEventListener("message", (event: { data: ToProcess }) => {
  const { data } = event;
  if (data.type === "start") void run(data);
  else if (data.type === "stdin") onStdin(data.text);
  else if (data.type === "stdin-end") onStdin(undefined);
});
post({ type: "ready" });
