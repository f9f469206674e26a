import { spawn } from "node:child_process";
import { CoderError } from "../../../shared/errors.ts";

export interface GitResult {
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

export interface GitOptions {
  cwd?: string;
  input?: Uint8Array | AsyncIterable<Uint8Array>;
  env?: Record<string, string>;
  /** Exit codes that are answers; others throw. Default: 0. */
  expected?: readonly number[];
  /** Bytes of output kept; more is `too_large`. Default 256 MB. */
  maxBytes?: number;
  /** Milliseconds. Default 60 000. */
  timeoutMs?: number;
}

/**
 * The environment of every git process: nothing inherited but PATH and the trust store, no user or system configuration, no prompt.
 */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
  };
  for (const name of [
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
  ]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

/** `GIT_CONFIG_*` variables for settings of one git process (git-config(1), ENVIRONMENT): unlike `-c`, not seen in `ps`. */
export function gitConfig(settings: Record<string, string>): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(Object.keys(settings).length) };
  Object.entries(settings).forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}

/** Runs git to its end. Throws `internal` on an unexpected exit code, `timeout`, or `too_large`. */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const { expected = [0], maxBytes = 256 * 1024 * 1024, timeoutMs = 60_000 } = options;
  const child = spawn("git", args, { cwd: options.cwd, env: gitEnvironment(options.env), stdio: "pipe" });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = "";
  let stopped: CoderError | undefined;
  const timer = setTimeout(() => {
    stopped = new CoderError("timeout", `git ${args[0]} took longer than ${timeoutMs / 1000} s`);
    child.kill("SIGKILL");
  }, timeoutMs);
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      stopped ??= new CoderError("too_large", `git ${args[0]} answered more than ${maxBytes} bytes`);
      child.kill("SIGKILL");
    } else chunks.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < 64_000) stderr += chunk.toString();
  });
  // A git that ends before it has read everything closes the pipe; its exit code tells why.
  child.stdin.on("error", () => child.stdin.destroy());
  const done = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  try {
    if (options.input === undefined) child.stdin.end();
    else if (options.input instanceof Uint8Array) child.stdin.end(options.input);
    else {
      for await (const chunk of options.input) {
        if (child.stdin.destroyed) break;
        if (!child.stdin.write(chunk))
          await new Promise((resolve) => child.stdin.once("drain", resolve).once("close", resolve));
      }
      child.stdin.end();
    }
    const exitCode = await done;
    if (stopped) throw stopped;
    if (!expected.includes(exitCode))
      throw new CoderError("internal", `git ${args.join(" ")} exited with ${exitCode}: ${stderr.trim()}`, {
        details: { exitCode },
      });
    return { exitCode, stdout: Buffer.concat(chunks), stderr };
  } finally {
    clearTimeout(timer);
  }
}
