import "./processGlobal.ts";
import { CoderError, toCoderError } from "../../../shared/errors.ts";
import { sameBytes } from "../../../shared/sameBytes.ts";
import type { BuildResult, FileChange, FileMap } from "../runtime.ts";
import { failureOf } from "./buildFailure.ts";
import { DevServer } from "./dev/devServer.ts";
import { openPrebundleCache } from "./dev/prebundleCache.ts";
import { forgetManifests } from "./dev/resolveModule.ts";
import { TransformCache } from "./dev/transformCache.ts";
import { lazyEngine, noEngine } from "./engine/lazyEngine.ts";
import type { Engine } from "./engine/engine.ts";
import { createProjectFs } from "./fs/projectFs.ts";
import type {
  InstalledPackages,
  Installer,
  ProjectFs,
  RunWorker,
  Shell,
  ShellOptions,
  ShellProcess,
} from "./kernelParts.ts";
import type { KernelEvent, KernelInit, KernelMethods, KernelRequest, WireError } from "./kernelProtocol.ts";
import { createInstaller } from "./packages/installer.ts";
import { projectOrigin } from "./previewOrigin.ts";
import { servePreview, type PreviewLink } from "./previewLink.ts";

type Emit = (event: KernelEvent, transfer?: Transferable[]) => void;

/** Composes the kernel: file system, packages, compiler, dev server and shell behind the methods of the protocol. */
export class Kernel {
  readonly #emit: Emit;
  readonly #fs: ProjectFs;
  readonly #installer: Installer;
  readonly #previewOrigin: string;
  readonly #engine: Engine;
  readonly #transforms: TransformCache;
  /** Loaded with the first command: most visits never open a terminal. */
  readonly #loadShell: () => Promise<Shell>;
  #shell: Promise<Shell> | null = null;
  readonly #processes = new Map<number, ShellProcess>();
  readonly #runWorkers = new Map<number, (port: MessagePort | null) => void>();
  readonly #cache = openPrebundleCache();
  #server: DevServer | null = null;
  #starting: Promise<void> | null = null;
  /** Someone asked for the preview: changes of files matter to it from then on. */
  #wanted = false;
  /** Terminals that show what the dev server does. */
  readonly #logs = new Set<(text: string) => void>();
  #link: PreviewLink | null = null;
  #installed: { manifest: string; packages: InstalledPackages } | null = null;
  #nextId = 1;
  #updates: Promise<void> = Promise.resolve();

  static async boot(init: KernelInit, emit: Emit): Promise<Kernel> {
    const { projectId, persist } = init;
    const engine = lazyEngine(init.engine);
    const [fs, transforms] = await Promise.all([
      createProjectFs({ projectId, persist }),
      TransformCache.open(persist ? projectId : null),
    ]);
    // What an earlier visit compiled is mostly all that the page needs, and the compiler would be in its way.
    // Whoever needs it hears why it cannot be loaded.
    if (transforms.isEmpty) engine.load().catch(() => {});
    const kernel = new Kernel(init, { fs, engine, transforms, emit });
    void kernel.#prepare();
    emit({ type: "booted" });
    return kernel;
  }

  private constructor(
    init: KernelInit,
    parts: { fs: ProjectFs; engine: Engine; transforms: TransformCache; emit: Emit },
  ) {
    this.#emit = (event, transfer) => {
      parts.emit(event, transfer);
      const line = logLine(event);
      if (line !== null) for (const log of this.#logs) log(line);
    };
    this.#fs = parts.fs;
    this.#previewOrigin = projectOrigin(init.origin, init.projectId, "preview");
    this.#engine = parts.engine;
    this.#transforms = parts.transforms;
    this.#installer = createInstaller({ npmUrl: `${init.origin}/npm` });
    this.#loadShell = async () => {
      const { createShell } = await import("./shell/shell.ts");
      return createShell(this.#shellOptions(init));
    };
    this.#fs.watch((changes) => {
      this.#emit({ type: "files", changes });
      if (!this.#wanted) return;
      this.#updates = this.#updates.then(() => this.#applyChanges(changes)).catch(this.#lost);
    });
  }

  #shellOptions({ origin, projectId }: KernelInit): ShellOptions {
    return {
      fs: this.#fs,
      installer: this.#installer,
      devServer: {
        start: async ({ log, signal }) => {
          this.#logs.add(log);
          signal.addEventListener("abort", () => this.#logs.delete(log), { once: true });
          this.#emit({ type: "preview-wanted" });
          await this.#startServer();
          return { url: `${this.#previewOrigin}/` };
        },
        build: () => this.#build(),
      },
      bundleForNode: async (entry) => {
        const { bundleForNode } = await import("./build/bundleForNode.ts");
        return bundleForNode({ fs: this.#fs, engine: this.#engine }, entry);
      },
      runOrigin: projectOrigin(origin, projectId, "run"),
      spawnRunWorker: (source) => this.#spawnRunWorker(source),
    };
  }

  readonly #lost = (thrown: unknown): void => {
    const error = toCoderError(thrown);
    this.#emit({
      type: "failure",
      failure: { type: "build", message: error.message, detail: error.stack ?? "" },
    });
  };

  async #applyChanges(changes: FileChange[]): Promise<void> {
    if (
      changes.some(({ path }) => path === "package.json") &&
      this.#manifest() !== this.#installed?.manifest
    ) {
      await this.#restart();
    } else {
      await this.#server?.update(changes);
    }
  }

  /** The parts of package.json that decide what is installed. */
  #manifest(): string {
    if (!this.#fs.exists("package.json")) return "";
    try {
      const { dependencies, devDependencies, overrides } = JSON.parse(
        this.#fs.readText("package.json"),
      ) as Record<string, unknown>;
      return JSON.stringify([dependencies, devDependencies, overrides]);
    } catch {
      // Half-typed: what is installed stays until it parses again; the installer reports it when it is asked.
      return this.#installed?.manifest ?? "";
    }
  }

  /** Other packages: installs them and serves anew, after what is starting now. */
  async #restart(): Promise<void> {
    await this.#starting?.catch(() => {});
    this.#starting = null;
    try {
      await this.#startServer();
      this.#emit({ type: "failure", failure: null });
      this.#link?.hot({ type: "full-reload" });
    } catch (thrown) {
      this.#emit({ type: "failure", failure: failureOf(thrown, "install") });
    }
  }

  #startServer(): Promise<void> {
    this.#wanted = true;
    this.#starting ??= this.#start().catch((thrown: unknown) => {
      this.#starting = null;
      throw thrown;
    });
    return this.#starting;
  }

  async #serving(): Promise<DevServer | null> {
    // Whoever started it hears why it did not start.
    await this.#starting?.catch(() => undefined);
    return this.#server;
  }

  async #install(): Promise<InstalledPackages> {
    const manifest = this.#manifest();
    const packages = await this.#installer.install({
      fs: this.#fs,
      signal: new AbortController().signal,
      onProgress: ({ phase, message }) => this.#emit({ type: "progress", phase, message }),
    });
    forgetManifests(this.#fs);
    this.#installed = { manifest, packages };
    return packages;
  }

  /**
   * The files of the last visit mostly say what this one will install and serve. Until somebody wants it the packages
   * are put in place, and a start is practised: what it needs is loaded and its code is warm then. What comes of it is
   * thrown away, failures with it: other files may be mounted, and the start that counts meets them again.
   */
  async #prepare(): Promise<void> {
    const lockHash = await this.#installer.prepare(this.#fs);
    if (lockHash === null || this.#wanted || this.#transforms.isEmpty) return;
    const nobody = (): void => undefined;
    const server = new DevServer({
      ...this.#serverParts(lockHash),
      engine: noEngine(this.#engine.name),
      hot: nobody,
      onProgress: nobody,
      onFailure: nobody,
    });
    await server.start().catch(nobody);
  }

  #serverParts(lockHash: string) {
    const origin = this.#previewOrigin;
    return { origin, lockHash, fs: this.#fs, transforms: this.#transforms, cache: this.#cache };
  }

  async #start(): Promise<void> {
    const packages = await this.#install();
    this.#emit({ type: "progress", phase: "building", message: "Compiling the project" });
    const server = new DevServer({
      ...this.#serverParts(packages.lockHash),
      engine: this.#engine,
      hot: (message) => this.#link?.hot(message),
      onProgress: (message) => this.#emit({ type: "progress", phase: "building", message }),
      onFailure: (failure) => this.#emit({ type: "failure", failure }),
    });
    // Before it is ready, so that an edit repairs what does not build.
    this.#server = server;
    await server.start();
    this.#emit({ type: "progress", phase: "starting", message: "Opening the page" });
  }

  async #build(): Promise<BuildResult> {
    try {
      await this.#install();
    } catch (thrown) {
      // Whatever kept it from being installed: for the caller the project does not build.
      const details = failureOf(thrown, "install");
      throw new CoderError("bad_input", details.message, { details, cause: thrown });
    }
    const { productionBuild } = await import("./build/productionBuild.ts");
    return productionBuild({ fs: this.#fs, engine: this.#engine });
  }

  #spawnRunWorker(source: string): Promise<RunWorker> {
    const id = this.#nextId++;
    const arrived = new Promise<MessagePort | null>((resolve) => this.#runWorkers.set(id, resolve));
    this.#emit({ type: "run-worker-wanted", id, source });
    return arrived.then((port) => {
      if (port === null)
        throw new CoderError("unavailable", "The run origin of this project could not be opened.");
      return runWorkerOn(port);
    });
  }

  async #spawn(request: Parameters<KernelMethods["spawn"]>[0]): Promise<number> {
    this.#shell ??= this.#loadShell();
    const shell = await this.#shell;
    const pid = this.#nextId++;
    const process = shell.spawn(request);
    this.#processes.set(pid, process);
    process.onOutput((text) => this.#emit({ type: "output", pid, text }));
    process.exit.then(
      (code) => this.#ended(pid, code),
      (thrown: unknown) => {
        this.#emit({ type: "output", pid, text: `${toCoderError(thrown).message}\r\n` });
        this.#ended(pid, 1);
      },
    );
    return pid;
  }

  #ended(pid: number, code: number): void {
    this.#processes.delete(pid);
    this.#emit({ type: "exit", pid, code });
  }

  #process(pid: number): ShellProcess {
    const process = this.#processes.get(pid);
    if (!process) throw new CoderError("gone", `Process ${pid} has ended.`);
    return process;
  }

  #mount(files: FileMap): void {
    const next = new Set(Object.keys(files));
    for (const path of this.#fs.list()) if (!next.has(path)) this.#fs.rm(path);
    for (const [path, content] of Object.entries(files))
      if (!this.#holds(path, content)) this.#fs.writeFile(path, content);
  }

  #holds(path: string, content: string | Uint8Array): boolean {
    if (!this.#fs.exists(path) || this.#fs.stat(path).kind !== "file") return false;
    if (typeof content === "string") return this.#fs.readText(path) === content;
    return sameBytes(this.#fs.readFile(path), content);
  }

  readonly #methods: {
    [M in keyof KernelMethods]: (
      ...args: Parameters<KernelMethods[M]>
    ) => ReturnType<KernelMethods[M]> | Promise<ReturnType<KernelMethods[M]>>;
  } = {
    mount: (files) => this.#mount(files),
    readFile: (path) => this.#fs.readFile(path),
    readText: (path) => this.#fs.readText(path),
    writeFile: (path, content) => this.#fs.writeFile(path, content),
    readdir: (path) => this.#fs.readdir(path),
    mkdir: (path) => this.#fs.mkdir(path),
    rm: (path) => this.#fs.rm(path),
    rename: (from, to) => this.#fs.rename(from, to),
    list: () => this.#fs.list(),
    startPreview: () => this.#startServer(),
    reloadPreview: () => this.#link?.hot({ type: "full-reload" }),
    build: () => this.#build(),
    spawn: (request) => this.#spawn(request),
    processWrite: (pid, text) => this.#process(pid).write(text),
    processResize: (pid, size) => this.#process(pid).resize(size),
    // Killing what has just ended is what the caller wanted.
    processKill: (pid) => this.#processes.get(pid)?.kill(),
  };

  async handle(message: KernelRequest): Promise<void> {
    if (message.type === "connect") {
      this.#link?.close();
      this.#link = servePreview(message, {
        server: () => this.#serving(),
        emit: this.#emit,
        painted: () => void this.#server?.rehearse(),
      });
    } else if (message.type === "run-worker") {
      this.#runWorkers.get(message.id)?.(message.port);
      this.#runWorkers.delete(message.id);
    } else {
      await this.#call(message);
    }
  }

  async #call({ id, method, args }: Extract<KernelRequest, { type: "call" }>): Promise<void> {
    try {
      const run = this.#methods[method] as (...args: unknown[]) => unknown;
      const value = await run(...args);
      this.#emit({ type: "result", id, value });
    } catch (thrown) {
      this.#emit({ type: "error", id, error: wireError(thrown) });
    }
  }
}

/** What a terminal shows of an event, if anything. */
function logLine(event: KernelEvent): string | null {
  if (event.type === "progress") return `${event.message}\r\n`;
  if (event.type !== "failure") return null;
  if (event.failure === null) return "The project builds again.\r\n";
  const { message, detail } = event.failure;
  return `${[message, ...(detail === undefined ? [] : detail.split("\n"))].join("\r\n")}\r\n`;
}

function wireError(thrown: unknown): WireError {
  const error = toCoderError(thrown);
  return {
    code: error.code,
    message: error.message,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}

/** A process worker behind the port that the run origin's page gave. */
function runWorkerOn(port: MessagePort): RunWorker {
  const messages: ((message: unknown) => void)[] = [];
  const errors: ((message: string) => void)[] = [];
  port.onmessage = (
    event: MessageEvent<{ type: "message"; message: unknown } | { type: "error"; message: string }>,
  ) => {
    const { data } = event;
    if (data.type === "error") for (const listener of errors) listener(data.message);
    else for (const listener of messages) listener(data.message);
  };
  return {
    postMessage: (message, transfer = []) => port.postMessage({ type: "message", message }, transfer),
    onMessage: (listener) => messages.push(listener),
    onError: (listener) => errors.push(listener),
    terminate: () => {
      port.postMessage({ type: "terminate" });
      port.close();
    },
  };
}
