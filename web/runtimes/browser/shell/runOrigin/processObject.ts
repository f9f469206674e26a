import EventEmitter from "events";
import type { Activity } from "./activity.ts";

/** Thrown by `process.exit` so that nothing after it runs. */
export class ProcessExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`process.exit(${code})`);
    this.name = "ProcessExit";
    this.code = code;
  }
}

export interface ProcessSetup {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  columns: number;
  activity: Activity;
  write(stream: "stdout" | "stderr", text: string): void;
  exit(code: number): void;
}

function toText(chunk: unknown): string {
  return chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : String(chunk);
}

type Callback = (error?: Error | null) => void;

class OutputStream extends EventEmitter {
  readonly fd: number;
  readonly columns: number;
  readonly rows = 24;
  readonly isTTY = true;
  readonly writable = true;
  readonly #write: (text: string) => void;

  constructor(fd: number, columns: number, write: (text: string) => void) {
    super();
    this.fd = fd;
    this.columns = columns;
    this.#write = write;
  }

  write(chunk: unknown, encoding?: unknown, callback?: Callback): boolean {
    this.#write(toText(chunk));
    const done = typeof encoding === "function" ? (encoding as Callback) : callback;
    if (done !== undefined) queueMicrotask(() => done(null));
    return true;
  }

  end(chunk?: unknown): this {
    if (chunk !== undefined) this.write(chunk);
    queueMicrotask(() => this.emit("finish"));
    return this;
  }

  getColorDepth(): number {
    return 8;
  }

  hasColors(): boolean {
    return true;
  }

  getWindowSize(): [number, number] {
    return [this.columns, this.rows];
  }

  cursorTo(): boolean {
    return true;
  }

  clearLine(): boolean {
    this.#write("\r\u001b[K");
    return true;
  }
}

/** Standard input: keeps the process alive only while somebody listens. */
class InputStream extends EventEmitter {
  readonly fd = 0;
  readonly isTTY = true;
  readonly #activity: Activity;
  #release: (() => void) | undefined;
  #buffered: string[] = [];
  #isEnded = false;

  constructor(activity: Activity) {
    super();
    this.#activity = activity;
    this.on("newListener", (event: string) => {
      if ((event !== "data" && event !== "readable") || this.listenerCount(event) > 0) return;
      // After the listener was added. Once: whoever pauses meanwhile means it.
      queueMicrotask(() => this.resume());
    });
  }

  receive(text: string): void {
    if (this.#release === undefined) this.#buffered.push(text);
    else this.emit("data", text);
  }

  end(): void {
    this.#isEnded = true;
    if (this.#release !== undefined) this.#finish();
  }

  resume(): this {
    if (this.#release !== undefined) return this;
    this.#release = this.#activity.hold();
    for (const text of this.#buffered.splice(0)) this.emit("data", text);
    if (this.#isEnded) this.#finish();
    return this;
  }

  pause(): this {
    this.#release?.();
    this.#release = undefined;
    return this;
  }

  setEncoding(): this {
    return this;
  }

  setRawMode(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this.pause();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    const queue: string[] = [];
    let wake: (() => void) | undefined;
    let isDone = false;
    this.on("data", (text: string) => {
      queue.push(text);
      wake?.();
    });
    this.on("end", () => {
      isDone = true;
      wake?.();
    });
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (isDone) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  #finish(): void {
    queueMicrotask(() => {
      this.emit("end");
      this.emit("close");
      this.pause();
    });
  }
}

/** Node's `process` as far as a worker can have one. */
export function createProcess(setup: ProcessSetup): NodeProcess {
  return new NodeProcess(setup);
}

export class NodeProcess extends EventEmitter {
  readonly title = "node";
  readonly pid = 1;
  readonly ppid = 0;
  readonly platform = "linux";
  readonly arch = "wasm32";
  readonly version = "v24.0.0";
  readonly versions = { node: "24.0.0", v8: "14.0" };
  readonly release = { name: "node" };
  readonly execPath = "/usr/bin/node";
  readonly execArgv: string[] = [];
  readonly config = {};
  readonly features = {};
  readonly argv: string[];
  readonly argv0 = "node";
  readonly env: Record<string, string>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: InputStream;
  exitCode: number | undefined;
  readonly #setup: ProcessSetup;
  #cwd: string;
  readonly #startedAt = performance.now();

  constructor(setup: ProcessSetup) {
    super();
    this.#setup = setup;
    this.#cwd = setup.cwd;
    this.argv = setup.argv;
    this.env = setup.env;
    this.stdout = new OutputStream(1, setup.columns, (text) => setup.write("stdout", text));
    this.stderr = new OutputStream(2, setup.columns, (text) => setup.write("stderr", text));
    this.stdin = new InputStream(setup.activity);
    this.hrtime = Object.assign((since?: [number, number]) => this.#hrtime(since), {
      bigint: () => BigInt(Math.round(performance.now() * 1e6)),
    });
  }

  readonly hrtime: ((since?: [number, number]) => [number, number]) & { bigint(): bigint };

  cwd(): string {
    return this.#cwd;
  }

  chdir(path: string): void {
    this.#cwd = new URL(path, `file://${this.#cwd}/`).pathname.replace(/(?<=.)\/$/, "");
  }

  exit(code?: number): never {
    const final = code ?? this.exitCode ?? 0;
    this.exitCode = final;
    this.emit("exit", final);
    this.#setup.exit(final);
    throw new ProcessExit(final);
  }

  nextTick(action: (...args: unknown[]) => void, ...args: unknown[]): void {
    queueMicrotask(() => action(...args));
  }

  uptime(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  memoryUsage(): {
    rss: number;
    heapTotal: number;
    heapUsed: number;
    external: number;
    arrayBuffers: number;
  } {
    return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };
  }

  cpuUsage(): { user: number; system: number } {
    return { user: Math.round(performance.now() * 1000), system: 0 };
  }

  umask(): number {
    return 0o22;
  }

  getuid(): number {
    return 1000;
  }

  getgid(): number {
    return 1000;
  }

  emitWarning(warning: string | Error): void {
    this.stderr.write(`(node) Warning: ${warning instanceof Error ? warning.message : warning}\n`);
  }

  abort(): never {
    return this.exit(134);
  }

  kill(): never {
    return this.exit(143);
  }

  binding(name: string): never {
    throw new Error(`No such module: ${name}`);
  }

  #hrtime(since?: [number, number]): [number, number] {
    const now = performance.now() * 1e6;
    const seconds = Math.floor(now / 1e9);
    const nanoseconds = Math.floor(now % 1e9);
    if (since === undefined) return [seconds, nanoseconds];
    const difference = (seconds - since[0]) * 1e9 + nanoseconds - since[1];
    return [Math.floor(difference / 1e9), difference % 1e9];
  }
}
