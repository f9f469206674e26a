import type {
  DirectoryNode,
  FileNode,
  FileSystemTree,
  WebContainer,
  WebContainerProcess,
} from "@webcontainer/api";
import { CoderError } from "../../shared/errors.ts";
import { PreviewStates } from "./browser/page/previewStates.ts";
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
} from "./runtime.ts";

interface WebContainerOptions extends RuntimeOptions {
  /** Required by StackBlitz for production use (https://webcontainers.io/enterprise). */
  apiKey?: string;
  /** `boot()` of the API stays pending for ever where its hosted runtime cannot be reached. Default 10 000. */
  bootDeadlineMs?: number;
}

/** Boots a WebContainer. Rejects with `CoderError("unavailable")` when it is not up within the deadline. */
export async function createWebContainerRuntime(options: WebContainerOptions): Promise<Runtime> {
  const { WebContainer, configureAPIKey } = await import("@webcontainer/api");
  if (options.apiKey !== undefined) configureAPIKey(options.apiKey);
  const deadlineMs = options.bootDeadlineMs ?? 10_000;
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const booting = WebContainer.boot({
    coep: "credentialless",
    workdirName: "project",
    forwardPreviewErrors: true,
  });
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(new CoderError("unavailable", `WebContainers did not start within ${deadlineMs / 1000} s.`));
    }, deadlineMs);
  });
  // Only one instance may live: one that comes after the deadline would stand in the way of the next attempt.
  booting.then(
    (container) => late && container.teardown(),
    () => {},
  );
  try {
    return new WebContainerRuntime(await Promise.race([booting, deadline]), options);
  } catch (thrown) {
    if (thrown instanceof CoderError) throw thrown;
    throw new CoderError("unavailable", "WebContainers could not start in this browser.", { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}

class WebContainerRuntime implements Runtime {
  readonly name = "webcontainer";
  readonly fs: RuntimeFs;
  readonly #container: WebContainer;
  readonly #states: PreviewStates;
  readonly #consoles = new Set<(line: { level: "log" | "info" | "warn" | "error"; text: string }) => void>();
  #server: WebContainerProcess | undefined;
  #starting: Promise<void> | undefined;
  #installed: string | undefined;

  constructor(container: WebContainer, options: RuntimeOptions) {
    this.#container = container;
    this.#states = new PreviewStates(options.previewDeadlineMs ?? 30_000);
    this.fs = fsOf(container);
    container.on("server-ready", (port, url) => this.#states.ready(url, port));
    container.on("error", ({ message }) => this.#states.failed({ type: "runtime", message }));
    container.on("preview-message", (message) => {
      const text =
        "args" in message ? message.args.map(String).join(" ") : (message.stack ?? message.message);
      for (const listener of this.#consoles) listener({ level: "error", text });
    });
  }

  get preview(): PreviewState {
    return this.#states.current;
  }

  onPreview(listener: (state: PreviewState) => void): () => void {
    return this.#states.listen(listener);
  }

  onConsole(
    listener: (line: { level: "log" | "info" | "warn" | "error"; text: string }) => void,
  ): () => void {
    this.#consoles.add(listener);
    return () => this.#consoles.delete(listener);
  }

  async mount(files: FileMap): Promise<void> {
    const next = new Set(Object.keys(files));
    for (const path of await this.fs.list()) if (!next.has(path)) await this.fs.rm(path);
    await this.#container.mount(treeOf(files));
  }

  async spawn(
    command: string,
    args: string[],
    options: { env?: Record<string, string>; terminal?: { cols: number; rows: number } } = {},
  ): Promise<RuntimeProcess> {
    return this.#container.spawn(command, args, options);
  }

  startPreview(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#states.current.kind === "ready") return;
    try {
      await this.#install();
      this.#server?.kill();
      this.#states.starting("starting", "Starting the dev server");
      const server = await this.#container.spawn("npm", ["run", "dev"]);
      this.#server = server;
      let tail = "";
      const ended = readAll(server, (text) => {
        tail = (tail + text).slice(-4000);
      });
      const serverEnded = async () => {
        const code = await ended;
        if (this.#server !== server) return;
        this.#states.failed({
          type: "port",
          message: `The dev server ended with code ${code}.`,
          detail: tail,
        });
      };
      void serverEnded();
      await this.#untilSettled();
    } catch (thrown) {
      const failure = (thrown as CoderError).details as PreviewFailure | undefined;
      this.#states.failed(failure ?? { type: "port", message: (thrown as Error).message });
    }
  }

  #untilSettled(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#states.listen((state) => {
        if (state.kind === "starting") return;
        stop();
        resolve();
      });
    });
  }

  async #install(): Promise<void> {
    const manifest = await this.fs.readText("package.json").catch(() => null);
    if (manifest === null || manifest === this.#installed) return;
    this.#states.starting("installing", "npm install");
    const process = await this.#container.spawn("npm", ["install", "--no-audit", "--no-fund"]);
    let output = "";
    const code = await readAll(process, (text) => {
      output = (output + text).slice(-8000);
      this.#states.starting("installing", text.trim().split("\n").at(-1) ?? "npm install");
    });
    if (code !== 0) throw failed("install", `npm install ended with code ${code}.`, output);
    this.#installed = manifest;
  }

  async reloadPreview(): Promise<void> {
    const { preview } = this;
    if (preview.kind !== "ready") return;
    const { reloadPreview } = await import("@webcontainer/api");
    for (const frame of document.querySelectorAll("iframe")) {
      if (frame.src.startsWith(preview.url)) await reloadPreview(frame);
    }
  }

  async build(): Promise<BuildResult> {
    await this.#install();
    const process = await this.#container.spawn("npm", ["run", "build"]);
    let output = "";
    const code = await readAll(process, (text) => {
      output = (output + text).slice(-8000);
    });
    if (code !== 0) throw failed("build", `npm run build ended with code ${code}.`, output);
    for (const directory of ["dist", "build", "out"]) {
      const tree = await this.#container.export(directory, { format: "json" }).catch(() => null);
      if (tree !== null) return { files: filesOf(tree) };
    }
    throw failed("build", "npm run build made no dist, build or out directory.", output);
  }

  async dispose(): Promise<void> {
    this.#container.teardown();
    this.#states.idle();
  }
}

function failed(type: PreviewFailure["type"], message: string, detail: string): CoderError {
  const failure: PreviewFailure = { type, message, detail, remedy: { label: "Try again", action: "retry" } };
  return new CoderError("bad_input", message, { details: failure });
}

/** Reads a process's output to its end; resolves with the exit code. */
async function readAll(process: WebContainerProcess, take: (text: string) => void): Promise<number> {
  await process.output.pipeTo(new WritableStream({ write: take }));
  return process.exit;
}

function treeOf(files: FileMap): FileSystemTree {
  const root: FileSystemTree = {};
  for (const [path, contents] of Object.entries(files)) {
    const parts = path.split("/");
    const name = parts.pop() ?? path;
    let at = root;
    for (const part of parts) {
      const node = (at[part] ??= { directory: {} }) as DirectoryNode;
      at = node.directory;
    }
    at[name] = { file: { contents } };
  }
  return root;
}

function filesOf(tree: FileSystemTree, prefix = ""): FileMap {
  const files: FileMap = {};
  for (const [name, node] of Object.entries(tree)) {
    if ("directory" in node) Object.assign(files, filesOf(node.directory, `${prefix}${name}/`));
    else if ("contents" in (node as FileNode).file) files[prefix + name] = (node as FileNode).file.contents;
  }
  return files;
}

/** The container's errors ("ENOENT: …") as ours. */
async function mapped<T>(path: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    if (String(cause).includes("ENOENT"))
      throw new CoderError("not_found", `There is no ${path} in this project.`, { cause });
    throw new CoderError("conflict", `${path}: ${String(cause)}`, { cause });
  }
}

function fsOf({ fs }: WebContainer): RuntimeFs {
  const readdir: RuntimeFs["readdir"] = async (path) => {
    const entries = await mapped(path, fs.readdir(path === "" ? "." : path, { withFileTypes: true }));
    return entries.map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? "directory" : "file" }));
  };
  const list = async (directory: string): Promise<string[]> => {
    const found: string[] = [];
    for (const { name, kind } of await readdir(directory)) {
      const path = directory === "" ? name : `${directory}/${name}`;
      if (kind === "file") found.push(path);
      else if (name !== "node_modules" && name !== ".git") found.push(...(await list(path)));
    }
    return found;
  };
  return {
    readFile: (path) => mapped(path, fs.readFile(path)),
    readText: (path) => mapped(path, fs.readFile(path, "utf-8")),
    writeFile: async (path, content) => {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      if (parent !== "") await mapped(parent, fs.mkdir(parent, { recursive: true }));
      await mapped(path, fs.writeFile(path, content));
    },
    readdir,
    mkdir: async (path) => void (await mapped(path, fs.mkdir(path, { recursive: true }))),
    rm: (path) => mapped(path, fs.rm(path, { recursive: true })),
    rename: (from, to) => mapped(from, fs.rename(from, to)),
    list: async () => (await list("")).sort(),
    watch: (listener) => watch(fs, listener),
  };
}

function watch(fs: WebContainer["fs"], listener: (changes: FileChange[]) => void): () => void {
  const watcher = fs.watch(".", { recursive: true }, (_event, filename) => {
    const path = String(filename);
    if (/(^|\/)(node_modules|\.git)(\/|$)/.test(path)) return;
    // The event does not say whether the file is still there.
    fs.readFile(path).then(
      () => listener([{ path, kind: "write" }]),
      () => listener([{ path, kind: "delete" }]),
    );
  });
  return () => watcher.close();
}
