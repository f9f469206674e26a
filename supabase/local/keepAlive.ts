import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { workerFlags } from "../../workflows/workerFlags.ts";
import { canDieWithParent } from "./postgres.ts";

export interface KeptProcess {
  /** Resolves at the first line `{"ready":true,…}`. */
  ready: Promise<void>;
  isReady(): boolean;
  /** Ends and starts it anew. */
  restart(): Promise<void>;
  /** SIGTERM, and SIGKILL when it has not ended within `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

const flags = [
  // Deprecations inside of packages are nothing that who runs Coder can act on.
  "--disable-warning=DeprecationWarning",
  ...workerFlags,
];

/**
 * Keeps one child process running: started again after an unasked end, with a back-off that doubles up to 15 s and
 * begins anew when it has lived for 30 s. It has its own process group, so that Ctrl-C reaches it through us, in order.
 */
export function keepAlive(options: {
  file: string;
  env: NodeJS.ProcessEnv;
  onLog(line: string): void;
}): KeptProcess {
  let child: ChildProcess | undefined;
  let stopped = false;
  let isReady = false;
  let backOff = 250;
  let timer: NodeJS.Timeout | undefined;
  const ready = Promise.withResolvers<void>();

  const start = () => {
    const startedAt = Date.now();
    const [command, args] = canDieWithParent()
      ? ["setpriv", ["--pdeathsig", "TERM", process.execPath, ...flags, options.file]]
      : [process.execPath, [...flags, options.file]];
    const started = spawn(command, args, {
      env: options.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    const onLine = (line: string) => {
      if (!/^\{.*"ready":\s*true/.test(line)) return options.onLog(line);
      isReady = true;
      ready.resolve();
    };
    createInterface({ input: started.stdout }).on("line", onLine);
    createInterface({ input: started.stderr }).on("line", options.onLog);
    started.once("error", (error) => options.onLog(`cannot be started: ${error.message}`));
    started.once("close", (code, signal) => {
      isReady = false;
      if (stopped || child !== started) return;
      options.onLog(`ended with ${signal ?? code}; starting it again in ${backOff} ms`);
      if (Date.now() - startedAt > 30_000) backOff = 250;
      timer = setTimeout(start, backOff);
      backOff = Math.min(backOff * 2, 15_000);
    });
  };
  start();

  const end = async (graceMs: number) => {
    clearTimeout(timer);
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const closed = once(ending, "close");
    ending.kill("SIGTERM");
    const impatience = setTimeout(() => killGroup(ending), graceMs);
    await closed;
    clearTimeout(impatience);
  };
  return {
    ready: ready.promise,
    isReady: () => isReady,
    async restart() {
      await end(8_000);
      if (!stopped) start();
    },
    async stop(graceMs = 8_000) {
      stopped = true;
      await end(graceMs);
    },
  };
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // It ended in this moment.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
