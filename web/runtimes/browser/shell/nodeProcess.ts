import { CoderError } from "../../../../shared/errors.ts";
import { hasSegment, projectRoot } from "../fs/projectPath.ts";
import type { ProjectFs, RunWorker } from "../kernelParts.ts";
import type { ProcessChange, ProcessFile, ProcessStart, ToProcess } from "./processProtocol.ts";
import { fromProcessSchema } from "./processProtocol.ts";
import type { ToolContext } from "./tool.ts";
import { interruptedCode } from "./tool.ts";

export interface NodeProcessOptions {
  mode: ProcessStart["mode"];
  /** Paths relative to the project. */
  entries: string[];
  argv: string[];
  testNamePattern?: string | undefined;
}

/** Files beyond this are left out of a process's view: it would wait for their copies longer than for its own work. */
const maxFileBytes = 16 * 1024 * 1024;
const readyDeadlineMs = 15_000;

function userFiles(fs: ProjectFs): ProcessFile[] {
  return fs
    .list()
    .filter((path) => fs.stat(path).size <= maxFileBytes)
    .map((path) => ({ path, bytes: fs.readFile(path) }));
}

/** Applies what a process changed. Its paths are untrusted: those that lead outside throw, packages stay as they are. */
function applyChanges(fs: ProjectFs, changes: ProcessChange[]): void {
  for (const change of changes) {
    if (hasSegment(change.path, "node_modules") || hasSegment(change.path, ".git")) continue;
    if (change.kind === "write") fs.writeFile(change.path, change.bytes);
    else if (change.kind === "directory") fs.mkdir(change.path);
    else if (fs.exists(change.path)) fs.rm(change.path);
  }
}

/** The bundler only knows paths of the project. */
async function bundle(context: ToolContext, entries: string[]): Promise<ProcessStart["entries"]> {
  const bundled: ProcessStart["entries"] = [];
  for (const path of entries) {
    context.signal.throwIfAborted();
    bundled.push({ path: `${projectRoot}/${path}`, code: await context.parts.bundleForNode(path) });
  }
  return bundled;
}

/** A worker whose messages wait until somebody takes them: it may be ready before its script is bundled. */
interface HeldWorker {
  worker: RunWorker;
  take(handlers: { message(raw: unknown): void; error(message: string): void }): void;
}

function hold(worker: RunWorker): HeldWorker {
  const early: (() => void)[] = [];
  let handlers: Parameters<HeldWorker["take"]>[0] | undefined;
  const deliver = (action: (to: NonNullable<typeof handlers>) => void): void => {
    if (handlers === undefined) early.push(() => handlers !== undefined && action(handlers));
    else action(handlers);
  };
  worker.onMessage((raw) => deliver((to) => to.message(raw)));
  worker.onError((message) => deliver((to) => to.error(message)));
  return {
    worker,
    take(wanted) {
      handlers = wanted;
      for (const action of early.splice(0)) action();
    },
  };
}

/**
 * Runs project files in a process worker on the run origin and resolves with the exit code. The worker sees a copy of
 * the user's files; what it writes comes back. Aborting terminates it, in whatever loop it is.
 * Throws `CoderError` if the entry does not bundle or the run origin cannot be reached.
 */
export async function runNodeProcess(options: NodeProcessOptions, context: ToolContext): Promise<number> {
  const { parts, signal } = context;
  const starting = parts
    .spawnRunWorker(`import ${JSON.stringify(`${parts.runOrigin}/__coder/process.js`)};`)
    .then(hold);
  const [started, bundled] = await Promise.allSettled([starting, bundle(context, options.entries)]);
  if (started.status === "rejected") throw started.reason;
  const { worker } = started.value;
  if (bundled.status === "rejected") {
    worker.terminate();
    throw bundled.reason;
  }
  const entries = bundled.value;
  const start: ProcessStart = {
    type: "start",
    mode: options.mode,
    entries,
    argv: options.argv,
    env: context.env,
    cwd: context.cwd,
    files: userFiles(parts.fs),
    columns: context.size().cols,
    ...(options.testNamePattern === undefined ? {} : { testNamePattern: options.testNamePattern }),
  };
  try {
    return signal.aborted ? interruptedCode : await supervise(started.value, start, context);
  } finally {
    worker.terminate();
  }
}

function supervise({ worker, take }: HeldWorker, start: ProcessStart, context: ToolContext): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const post = (message: ToProcess): void => worker.postMessage(message);
  const deadline = setTimeout(() => {
    reject(
      new CoderError("timeout", "The process did not start: the run origin of this project did not answer."),
    );
  }, readyDeadlineMs);
  const typed: string[] = [];
  let isStarted = false;
  const stopInput = context.onInput((text) => {
    if (isStarted) post({ type: "stdin", text });
    else typed.push(text);
  });
  const interrupt = (): void => resolve(interruptedCode);
  context.signal.addEventListener("abort", interrupt, { once: true });
  const receive = (raw: unknown): void => {
    const parsed = fromProcessSchema.safeParse(raw);
    // Anything else is user code talking to itself through `postMessage`.
    if (!parsed.success) return;
    const message = parsed.data;
    switch (message.type) {
      case "ready":
        clearTimeout(deadline);
        post(start);
        isStarted = true;
        for (const text of typed.splice(0)) post({ type: "stdin", text });
        if (context.stdin !== "") post({ type: "stdin", text: context.stdin });
        if (context.stdin !== "") post({ type: "stdin-end" });
        return;
      case "stdout":
        return context.out.stdout(message.text);
      case "stderr":
        return context.out.stderr(message.text);
      case "changes":
        try {
          return applyChanges(context.parts.fs, message.changes);
        } catch (error) {
          return reject(error instanceof Error ? error : new Error(String(error)));
        }
      case "exit":
        return resolve(message.code & 255);
    }
  };
  take({
    message: receive,
    error(message) {
      context.out.stderr(`${message}\n`);
      resolve(1);
    },
  });
  return promise.finally(() => {
    clearTimeout(deadline);
    stopInput();
    context.signal.removeEventListener("abort", interrupt);
  });
}
