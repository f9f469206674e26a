import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { RunWorker } from "../../kernelParts.ts";
import { buildProcessWorker } from "../runOrigin/processWorker.build.ts";

/** Makes a thread look like the web worker that the run origin would start, then runs the process worker in it. */
const threadSource = (script: string): string => `
  const { parentPort } = require("node:worker_threads");
  const listeners = { message: [], error: [], unhandledrejection: [] };
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  globalThis.addEventListener = (type, listener) => listeners[type].push(listener);
  parentPort.on("message", (data) => listeners.message.forEach((listener) => listener({ data })));
  const real = globalThis.process;
  real.on("uncaughtException", (error) => listeners.error.forEach((listener) => listener({ error })));
  real.on("unhandledRejection", (reason) => listeners.unhandledrejection.forEach((listener) => listener({ reason })));
  import(${JSON.stringify(script)});
`;

export interface NodeRunWorkers {
  spawn(source: string): Promise<RunWorker>;
  /** Workers that were started and not terminated. */
  running(): number;
  close(): Promise<void>;
}

/** Process workers as threads of this process: the real worker script, without a browser around it. */
export async function createNodeRunWorkers(): Promise<NodeRunWorkers> {
  const directory = await mkdtemp(join(tmpdir(), "coder-process-worker-"));
  await buildProcessWorker(directory);
  const script = pathToFileURL(join(directory, "process.js")).href;
  const workers = new Set<Worker>();
  return {
    async spawn() {
      const worker = new Worker(threadSource(script), { eval: true, stdout: true, stderr: true });
      workers.add(worker);
      worker.on("exit", () => workers.delete(worker));
      return {
        postMessage: (message) => worker.postMessage(message),
        onMessage: (listener) => void worker.on("message", listener),
        onError: (listener) => void worker.on("error", (error: Error) => listener(error.message)),
        terminate: () => {
          workers.delete(worker);
          void worker.terminate();
        },
      };
    },
    running: () => workers.size,
    async close() {
      await Promise.all([...workers].map((worker) => worker.terminate()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
