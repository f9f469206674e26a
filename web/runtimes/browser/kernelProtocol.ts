/** Messages between the Studio's page and its kernel worker. */
import type { BuildResult, DirEntry, FileChange, FileMap, PreviewFailure } from "../runtime.ts";
import type { ErrorCode } from "../../../shared/errors.ts";

export interface KernelInit {
  type: "init";
  projectId: string;
  /** Studio origin. */
  origin: string;
  /** Keeps the files over reloads and crashes of the tab. */
  persist: boolean;
  /** Takes the fallback engine even where SharedArrayBuffer exists. */
  engine?: "rolldown" | "esbuild";
}

/** What the page may call. Arguments and results are structured-cloneable. */
export interface KernelMethods {
  mount(files: FileMap): void;
  readFile(path: string): Uint8Array;
  readText(path: string): string;
  writeFile(path: string, content: string | Uint8Array): void;
  readdir(path: string): DirEntry[];
  mkdir(path: string): void;
  rm(path: string): void;
  rename(from: string, to: string): void;
  list(): string[];
  /** Installs, compiles and serves. Rejects with a failure in `details`. */
  startPreview(): void;
  reloadPreview(): void;
  build(): BuildResult;
  /** Returns the process id that output events carry. */
  spawn(request: {
    command: string;
    args: string[];
    env?: Record<string, string>;
    terminal?: { cols: number; rows: number };
  }): number;
  processWrite(pid: number, text: string): void;
  processResize(pid: number, size: { cols: number; rows: number }): void;
  processKill(pid: number): void;
}

export type KernelMethod = keyof KernelMethods;

export type KernelRequest =
  | { type: "call"; id: number; method: KernelMethod; args: unknown[] }
  /** Ports to the preview origin: requests of its service worker, hot updates of its relay. */
  | { type: "connect"; http: MessagePort; hot: MessagePort }
  /** Answer to `run-worker-wanted`; without a port the run origin could not be reached. */
  | { type: "run-worker"; id: number; port: MessagePort | null };

export interface WireError {
  code: ErrorCode;
  message: string;
  details?: unknown;
}

export type KernelEvent =
  | { type: "booted" }
  | { type: "boot-failed"; message: string }
  | { type: "result"; id: number; value: unknown }
  | { type: "error"; id: number; error: WireError }
  | { type: "files"; changes: FileChange[] }
  | { type: "progress"; phase: "resolving" | "installing" | "building" | "starting"; message: string }
  /** The project stopped building, or builds again (null). */
  | { type: "failure"; failure: PreviewFailure | null }
  | { type: "client"; state: "connected" | "painted" | "blank" }
  | { type: "client-error"; failure: PreviewFailure; painted: boolean }
  | { type: "console"; level: "log" | "info" | "warn" | "error"; text: string }
  | { type: "output"; pid: number; text: string }
  | { type: "exit"; pid: number; code: number }
  /** The shell started (or needs) the dev server: the page must connect the preview. */
  | { type: "preview-wanted" }
  | { type: "run-worker-wanted"; id: number; source: string };
