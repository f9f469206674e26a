import type {
  BuildResult,
  FileChange,
  FileMap,
  PreviewFailure,
  PreviewState,
  Runtime,
  RuntimeFs,
  RuntimeOptions,
  RuntimeProcess,
} from "../runtime.ts";
import { failureOf } from "./buildFailure.ts";
import type { KernelEvent } from "./kernelProtocol.ts";
import { KernelClient } from "./page/kernelClient.ts";
import { connectPreview, type PreviewConnection } from "./page/previewConnection.ts";
import { PreviewStates } from "./page/previewStates.ts";
import { RunOrigin } from "./page/runOrigin.ts";
import { projectOrigin } from "./previewOrigin.ts";

type ConsoleLine = { level: "log" | "info" | "warn" | "error"; text: string };

export interface BrowserRuntimeOptions extends RuntimeOptions {
  /** Keeps the files over reloads and crashes of the tab. Default true. */
  persist?: boolean;
  /** Forces an engine; default is Rolldown where SharedArrayBuffer exists. */
  engine?: "rolldown" | "esbuild";
}

/**
 * The built-in runtime. Starts its kernel at once, so that it is ready before anyone mounts a project; a kernel that
 * cannot start makes every later call reject with `CoderError("unavailable")`.
 */
export function createBrowserRuntime(options: BrowserRuntimeOptions): Runtime {
  return new BrowserRuntime(options);
}

class BrowserRuntime implements Runtime {
  readonly name = "browser";
  readonly fs: RuntimeFs;
  readonly #kernel: KernelClient;
  readonly #states: PreviewStates;
  readonly #url: string;
  readonly #previewOrigin: string;
  readonly #run: RunOrigin;
  readonly #watchers = new Set<(changes: FileChange[]) => void>();
  readonly #consoles = new Set<(line: ConsoleLine) => void>();
  readonly #processes = new Map<number, { output(text: string): void; exit(code: number): void }>();
  /** Output that came before the call that started the process returned. */
  readonly #earlyOutput = new Map<number, KernelEvent[]>();
  #connection: PreviewConnection | undefined;
  #starting: Promise<void> | undefined;
  /** Why the last page that showed nothing did so, until it shows something. */
  #pageError: PreviewFailure | undefined;
  /** The kernel's word on whether the project builds. */
  #buildFailure: PreviewFailure | null = null;
  #served = false;

  constructor(options: BrowserRuntimeOptions) {
    const { projectId, origin } = options;
    this.#previewOrigin = projectOrigin(origin, projectId, "preview");
    this.#url = `${this.#previewOrigin}/`;
    this.#run = new RunOrigin(projectOrigin(origin, projectId, "run"));
    this.#states = new PreviewStates(options.previewDeadlineMs ?? 30_000);
    this.#kernel = new KernelClient({
      projectId,
      origin,
      persist: options.persist ?? true,
      ...(options.engine === undefined ? {} : { engine: options.engine }),
    });
    this.#kernel.onEvent((event) => this.#take(event));
    this.fs = fsOf(this.#kernel, this.#watchers);
    this.#connection = this.#connect();
  }

  get preview(): PreviewState {
    return this.#states.current;
  }

  onPreview(listener: (state: PreviewState) => void): () => void {
    return this.#states.listen(listener);
  }

  onConsole(listener: (line: ConsoleLine) => void): () => void {
    this.#consoles.add(listener);
    return () => this.#consoles.delete(listener);
  }

  async mount(files: FileMap): Promise<void> {
    await this.#kernel.call("mount", files);
  }

  startPreview(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#states.current.kind === "ready") return;
    // The page that failed may still be open: trying again means loading it again.
    const retry = this.#served && this.#pageError !== undefined;
    this.#buildFailure = null;
    this.#pageError = undefined;
    this.#states.starting("booting", "Starting the runtime");
    try {
      this.#connection ??= this.#connect();
      await this.#kernel.booted;
      const [started] = await Promise.allSettled([this.#kernel.call("startPreview"), this.#connection.ready]);
      await this.#connection.ready;
      // From here the kernel's word decides: an edit may repair what did not install or build.
      this.#served = true;
      if (started.status === "rejected") throw started.reason;
      this.#settle();
      if (retry) await this.#kernel.call("reloadPreview");
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #connect(): PreviewConnection {
    const connection = connectPreview(this.#previewOrigin, (message, ports) =>
      this.#kernel.post(message, ports),
    );
    // Whoever starts the preview hears why there is no connection.
    connection.ready.then(
      () => this.#states.connected(this.#url),
      () => undefined,
    );
    return connection;
  }

  #fail(thrown: unknown): void {
    const failure = isFailure(thrown) ? thrown : failureOf(thrown, "port");
    if (failure.type === "isolation") {
      this.#connection?.close();
      this.#connection = undefined;
      this.#states.connected(undefined);
    }
    this.#states.failed(failure);
  }

  /** Ready, unless something is known to be wrong. */
  #settle(): void {
    const failure = this.#buildFailure ?? this.#pageError;
    if (failure) this.#states.failed(failure);
    else if (this.#states.current.kind !== "ready") this.#states.ready(this.#url);
  }

  async reloadPreview(): Promise<void> {
    if (this.#states.current.kind === "failed" && this.#pageError) {
      this.#pageError = undefined;
      this.#settle();
    }
    await this.#kernel.call("reloadPreview");
  }

  async build(): Promise<BuildResult> {
    return this.#kernel.call("build");
  }

  async spawn(
    command: string,
    args: string[],
    options: { env?: Record<string, string>; terminal?: { cols: number; rows: number } } = {},
  ): Promise<RuntimeProcess> {
    const pid = await this.#kernel.call("spawn", { command, args, ...options });
    const kernel = this.#kernel;
    let exited: (code: number) => void = () => {};
    const exit = new Promise<number>((resolve) => {
      exited = resolve;
    });
    const output = new ReadableStream<string>({
      start: (controller) => {
        this.#processes.set(pid, {
          output: (text) => controller.enqueue(text),
          exit: (code) => {
            controller.close();
            exited(code);
          },
        });
      },
      cancel: () => {
        this.#processes.set(pid, { output: () => {}, exit: exited });
      },
    });
    for (const event of this.#earlyOutput.get(pid) ?? []) this.#take(event);
    this.#earlyOutput.delete(pid);
    return {
      output,
      input: new WritableStream<string>({ write: (text) => kernel.call("processWrite", pid, text) }),
      exit,
      kill: () => void kernel.call("processKill", pid).catch(() => {}),
      resize: (size) => void kernel.call("processResize", pid, size).catch(() => {}),
    };
  }

  async dispose(): Promise<void> {
    this.#connection?.close();
    this.#run.close();
    this.#kernel.close();
    this.#states.idle();
  }

  #take(event: KernelEvent): void {
    switch (event.type) {
      case "files":
        for (const watcher of this.#watchers) watcher(event.changes);
        return;
      case "progress":
        if (this.#states.current.kind === "starting" || !this.#served)
          this.#states.starting(event.phase, event.message);
        return;
      case "console":
        for (const listener of this.#consoles) listener(event);
        return;
      case "failure":
        this.#takeFailure(event.failure);
        return;
      case "client":
        this.#takeClient(event.state);
        return;
      case "client-error":
        if (event.painted) return;
        this.#pageError = event.failure;
        if (this.#served) this.#settle();
        return;
      case "output":
      case "exit":
        this.#takeProcess(event);
        return;
      case "preview-wanted":
        void this.startPreview();
        return;
      case "run-worker-wanted":
        void this.#spawnRunWorker(event.id, event.source);
        return;
      default:
        return;
    }
  }

  #takeFailure(failure: PreviewFailure | null): void {
    this.#buildFailure = failure;
    // An edit that builds again makes the page load anew: what it did before is void.
    if (failure === null) this.#pageError = undefined;
    if (this.#served) this.#settle();
  }

  #takeClient(state: "connected" | "painted" | "blank"): void {
    if (state === "blank") {
      this.#pageError ??= {
        type: "runtime",
        message: "The page loaded without an error and shows nothing.",
        remedy: { label: "Reload", action: "retry" },
      };
    } else {
      this.#pageError = undefined;
    }
    if (this.#served) this.#settle();
  }

  #takeProcess(event: Extract<KernelEvent, { type: "output" | "exit" }>): void {
    const process = this.#processes.get(event.pid);
    if (!process) {
      this.#earlyOutput.set(event.pid, [...(this.#earlyOutput.get(event.pid) ?? []), event]);
    } else if (event.type === "output") {
      process.output(event.text);
    } else {
      this.#processes.delete(event.pid);
      process.exit(event.code);
    }
  }

  async #spawnRunWorker(id: number, source: string): Promise<void> {
    const port = await this.#run.spawn(source);
    this.#kernel.post({ type: "run-worker", id, port }, port ? [port] : []);
  }
}

function isFailure(value: unknown): value is PreviewFailure {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Error) &&
    "type" in value &&
    "message" in value
  );
}

function fsOf(kernel: KernelClient, watchers: Set<(changes: FileChange[]) => void>): RuntimeFs {
  return {
    readFile: (path) => kernel.call("readFile", path),
    readText: (path) => kernel.call("readText", path),
    writeFile: (path, content) => kernel.call("writeFile", path, content),
    readdir: (path) => kernel.call("readdir", path),
    mkdir: (path) => kernel.call("mkdir", path),
    rm: (path) => kernel.call("rm", path),
    rename: (from, to) => kernel.call("rename", from, to),
    list: () => kernel.call("list"),
    watch: (listener) => {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
  };
}
