/**
 * The port to a place where code that is not ours runs: a run's commands, and whatever reads the files they made.
 * Adapters: `srt.ts` (bubblewrap or Seatbelt), `plain.ts` (no isolation, by explicit choice). One contract suite
 * (`sandbox.contract.ts`) runs over both.
 */
export interface SandboxOptions {
  runId: string;
  /** The run's own directory. The sandbox may write in its `repo`, `home` and `tmp`, which are made when missing. */
  workDir: string;
  /** A directory that outlives the run, for package caches; writable inside. */
  cacheDir: string;
  /** Directories besides that commands may read, and not write. */
  readableDirs?: readonly string[];
  /** Hosts that may be reached: `host`, `*.host` or `host:port`; the word `registry` is the package registry in use. */
  allowedDomains: readonly string[];
  /** Added to the environment of every command. */
  env: Readonly<Record<string, string>>;
  /** URL of the package registry. */
  registry: string;
  /** Directories whose content nobody inside may read, over the usual ones (data of the installation). */
  privateDirs?: readonly string[];
  /** Those that commands of this sandbox may be given. */
  secrets?: readonly SandboxSecret[];
}

export interface SandboxSecret {
  name: string;
  value: string;
  /**
   * A placeholder stands for the value inside, and the proxy puts the value into requests that leave over TLS for an
   * allowed host; without isolation there is no proxy, and commands get the value.
   */
  givenAs: "placeholder" | "value";
}

export interface SandboxCommand {
  /** Run by `bash -e -c` (`sh` where there is no bash). */
  command: string;
  env?: Readonly<Record<string, string>>;
  /** Relative to the checkout; default: the checkout itself. */
  cwd?: string;
  timeoutMs?: number;
  /** Where it answers with a promise, the sandbox's commands wait for it as for a reader who is slow. */
  onOutput?: (stream: "out" | "err", text: string) => Promise<void> | undefined | void;
  /**
   * Called for each connection that the sandbox's proxy has decided about while the command ran. Of commands that run side
   * by side in one sandbox each is told of all: the proxy cannot tell them apart. Without isolation there is no proxy.
   */
  onReached?: (reached: ReachedHost) => void;
  /** Aborting kills the process tree: TERM, and KILL 300 ms later. */
  signal?: AbortSignal;
}

/** A connection that something inside has asked the proxy for. */
export interface ReachedHost {
  /** As it was asked for. */
  host: string;
  port: number;
  allowed: boolean;
}

export interface CommandResult {
  /** 128 + signal number when a signal ended it. */
  exitCode: number;
  timedOut: boolean;
  aborted: boolean;
  durationMs: number;
}

export interface SandboxFile {
  /** Relative to the listed directory, with forward slashes. */
  path: string;
  size: number;
}

/** An open sandbox. File operations run inside it, so that a link planted by a command leads nowhere it could not go. */
export interface Sandbox {
  readonly kind: "srt" | "none";
  /** Of the process that leads everything inside. */
  readonly pid: number;
  /** True once it is closed or has died; every call is then refused. */
  readonly ended: boolean;
  /** Path of the checkout as commands see it. */
  readonly repoDir: string;
  /** What a command is given for each of its secrets, by name. It is in no environment until `exec` puts it there. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Resolves when the command and its group have ended; rejects with `unavailable` when the sandbox itself is gone. */
  exec(command: SandboxCommand): Promise<CommandResult>;
  /** Regular files below a directory of the checkout; links are not followed. `too_large` above `maxFiles`. `not_found` when it is no directory. */
  list(directory: string, options: { maxFiles: number; skip?: readonly string[] }): Promise<SandboxFile[]>;
  /** `not_found`, or `too_large` above `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
  /** Writes a file of the checkout, making its directories. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** Kills everything inside. Resolves when no process is left. Calling it twice does nothing. */
  close(): Promise<void>;
}

export type OpenSandbox = (options: SandboxOptions) => Promise<Sandbox>;
