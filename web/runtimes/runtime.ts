/**
 * The port behind the Studio's editor, terminal and preview: something that holds a project's files and runs it.
 * Its shape follows the WebContainer API (https://webcontainers.io/api) with what the Studio needs on top.
 * Adapters: `webcontainer.ts`, `browser/` (built in). One contract suite (`runtime.contract.ts`) runs over all.
 */

/** Files by POSIX path relative to the project root ("src/main.ts"). Directories are implied. */
export type FileMap = Record<string, string | Uint8Array>;

export interface DirEntry {
  name: string;
  kind: "file" | "directory";
}

export interface FileChange {
  path: string;
  kind: "write" | "delete";
}

export interface RuntimeFs {
  readFile(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  /** Creates missing parent directories. */
  writeFile(path: string, content: string | Uint8Array): Promise<void>;
  readdir(path: string): Promise<DirEntry[]>;
  mkdir(path: string): Promise<void>;
  /** Recursive; a missing path is a `not_found` error. */
  rm(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Every file below the root but `node_modules` and `.git`, sorted. */
  list(): Promise<string[]>;
  /** Changes by anyone (editor, terminal, git). Returns the function that stops watching. */
  watch(listener: (changes: FileChange[]) => void): () => void;
}

export interface RuntimeProcess {
  /** Terminal output, UTF-8 text with ANSI escapes. */
  output: ReadableStream<string>;
  /** What the user types. */
  input: WritableStream<string>;
  exit: Promise<number>;
  kill(): void;
  resize(size: { cols: number; rows: number }): void;
}

/** Where the preview stands. The contract: within the deadline it is `ready` or `failed`, never blank. */
export type PreviewState =
  | { kind: "idle" }
  | {
      kind: "starting";
      phase: "booting" | "resolving" | "installing" | "building" | "starting";
      message: string;
      startedAt: number;
      /**
       * Where a page may be opened already: it waits until it is served, and gets an error if the start fails (it has
       * to be opened again then).
       */
      url?: string;
    }
  | { kind: "ready"; url: string; port: number; readyInMs: number }
  | { kind: "failed"; failure: PreviewFailure };

export interface PreviewFailure {
  type: "install" | "build" | "port" | "runtime" | "isolation";
  /** What happened, one sentence. */
  message: string;
  /** Where, if known. `line` and `column` are 1-based. */
  file?: string;
  line?: number;
  column?: number;
  /** Compiler frame, npm output or stack. */
  detail?: string;
  /** What a button could do about it. */
  remedy?: { label: string; action: "retry" | "open-file" | "reinstall" | "use-server" };
}

/** A production build: static files, for Share. */
export interface BuildResult {
  files: FileMap;
}

export interface Runtime {
  readonly name: "webcontainer" | "browser";
  readonly fs: RuntimeFs;
  /** Replaces all files. */
  mount(files: FileMap): Promise<void>;
  /** Runs a command in a shell at the project root. `terminal` makes it interactive. */
  spawn(
    command: string,
    args: string[],
    options?: { env?: Record<string, string>; terminal?: { cols: number; rows: number } },
  ): Promise<RuntimeProcess>;
  /** Installs what is missing and starts the project's dev server. Idempotent. */
  startPreview(): Promise<void>;
  reloadPreview(): Promise<void>;
  readonly preview: PreviewState;
  onPreview(listener: (state: PreviewState) => void): () => void;
  /** Lines of the page's console and uncaught errors. */
  onConsole(listener: (line: { level: "log" | "info" | "warn" | "error"; text: string }) => void): () => void;
  /** Throws `CoderError("bad_input")` with the failure in `details` (a `PreviewFailure`) if it does not build. */
  build(): Promise<BuildResult>;
  dispose(): Promise<void>;
}

export interface RuntimeOptions {
  /** Stable id of the project: names its preview origin and its caches. */
  projectId: string;
  /** Studio origin, e.g. http://localhost:3000. */
  origin: string;
  /** Milliseconds until a preview that shows nothing is a typed failure. Default 30 000. */
  previewDeadlineMs?: number;
}
