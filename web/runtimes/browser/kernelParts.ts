/**
 * The seams between the parts of the built-in runtime's kernel (all of them run in the kernel worker, which never
 * executes user code): the file system (`fs/`), the package installer (`packages/`), the dev server (`dev/`) and
 * the shell (`shell/`). Types only, so every part can be written and tested against it alone.
 */
import type { BuildResult, DirEntry, FileChange } from "../runtime.ts";

/**
 * The project's files, synchronous, rooted at `/project`. Every method accepts an absolute path
 * ("/project/src/a.ts") or one relative to the root ("src/a.ts"). Errors are `CoderError` (`not_found`, `conflict`).
 */
export interface ProjectFs {
  readFile(path: string): Uint8Array;
  readText(path: string): string;
  /** Creates missing parent directories. */
  writeFile(path: string, content: string | Uint8Array): void;
  exists(path: string): boolean;
  stat(path: string): { kind: "file" | "directory"; size: number; mtimeMs: number };
  readdir(path: string): DirEntry[];
  mkdir(path: string): void;
  /** Recursive; a missing path is a `not_found` error. */
  rm(path: string): void;
  rename(from: string, to: string): void;
  /** Every file below the root but `node_modules` and `.git`, relative, sorted. */
  list(): string[];
  /** Changes by anyone, relative paths, outside `node_modules` and `.git`. Returns the function that stops it. */
  watch(listener: (changes: FileChange[]) => void): () => void;
  /** The memfs `fs` for git and the shell, rooted at `/project`. */
  readonly raw: unknown;
}

export interface InstalledPackage {
  name: string;
  version: string;
  /** "node_modules/x", or nested: "node_modules/a/node_modules/x". */
  path: string;
}

export interface InstalledPackages {
  /** Changes exactly when the set of installed packages does: key of the prebundle caches. */
  lockHash: string;
  installed: InstalledPackage[];
  /** How many packages came from the cache. */
  fromCache: number;
  downloadedBytes: number;
  ms: number;
}

export interface InstallProgress {
  phase: "resolving" | "installing";
  done: number;
  total: number;
  message: string;
}

export interface InstallOptions {
  fs: ProjectFs;
  onProgress(progress: InstallProgress): void;
  signal: AbortSignal;
}

export interface Installer {
  /**
   * Reads package.json (and a lock file) and puts the packages into `node_modules` of `fs`.
   * Throws `CoderError` whose `details` is a `PreviewFailure` of type "install".
   */
  install(options: InstallOptions): Promise<InstalledPackages>;
  /**
   * Puts in place what an earlier visit installed for this package.json, if all of it is still kept, and gives its
   * `lockHash`; else null. Fetches nothing.
   */
  prepare(fs: ProjectFs): Promise<string | null>;
}

/** One command started by the shell. */
export interface ShellProcess {
  /** Calls back with terminal output as it comes (UTF-8 text with ANSI escapes). */
  onOutput(listener: (text: string) => void): void;
  write(text: string): void;
  resize(size: { cols: number; rows: number }): void;
  kill(): void;
  readonly exit: Promise<number>;
}

export interface ShellSpawn {
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Makes it interactive. */
  terminal?: { cols: number; rows: number };
}

export interface Shell {
  spawn(request: ShellSpawn): ShellProcess;
}

/** A process worker on the run origin: user code runs there and nowhere else. */
export interface RunWorker {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** An uncaught error of the worker or of its script. */
  onError(listener: (message: string) => void): void;
  terminate(): void;
}

export interface ShellOptions {
  fs: ProjectFs;
  installer: Installer;
  devServer: {
    /** Starts (or finds running) the dev server. `log` gets its lines until `signal` aborts. */
    start(options: { log(text: string): void; signal: AbortSignal }): Promise<{ url: string }>;
    build(): Promise<BuildResult>;
  };
  /** Bundles an entry of the project for the Node shims: one ESM script, `node:` imports left external. */
  bundleForNode(entry: string): Promise<string>;
  /** Origin of process workers, e.g. "http://<projectId>--run.localhost:3000". */
  runOrigin: string;
  /** Starts a module worker with this source on the run origin (through the page: kernels cannot make frames). */
  spawnRunWorker(source: string): Promise<RunWorker>;
}
