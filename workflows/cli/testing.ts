import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command as it is installed. */
const launcher = fileURLToPath(new URL("../../supabase/local/coder.js", import.meta.url));

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  args: string[];
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
  /** The Node that starts the launcher. */
  node?: string;
}

/** A home of its own for the commands of one test file: configuration, caches and directories. */
export function makeHome() {
  const directory = mkdtempSync(join(tmpdir(), "coder-cli-"));
  const environment = (env: Record<string, string>): Record<string, string> => {
    const inherited: Record<string, string> = {};
    for (const name of ["PATH", "TMPDIR", "npm_config_registry", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) {
      const value = process.env[name];
      if (value !== undefined) inherited[name] = value;
    }
    const own = {
      HOME: directory,
      XDG_CONFIG_HOME: join(directory, "config"),
      XDG_CACHE_HOME: join(directory, "cache"),
    };
    return { ...inherited, ...own, ...env };
  };
  const start = ({
    args,
    cwd = directory,
    env = {},
    node = process.execPath,
  }: CommandOptions): ChildProcess =>
    spawn(node, [launcher, ...args], { cwd, env: environment(env), stdio: "pipe" });
  const write = (root: string, files: Record<string, string>): void => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
  };
  return {
    directory,
    /** Writes files into a directory, which is made where it is missing. */
    write,
    /** How another program would start it. */
    commandLine: (args: string[]) => ({
      command: process.execPath,
      args: [launcher, ...args],
      env: environment({}),
    }),
    /** Starts a command that the test goes on with. */
    start,
    async coder(args: string[], options: Omit<CommandOptions, "args"> = {}): Promise<Finished> {
      const child = start({ ...options, args });
      let stdout = "";
      let stderr = "";
      child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdin!.end(options.input ?? "");
      const [code] = (await once(child, "close")) as [number | null];
      return { code, stdout, stderr };
    },
    /** A directory with these files. */
    project(files: Record<string, string>, { git = false } = {}): string {
      const root = mkdtempSync(join(directory, "project-"));
      write(root, files);
      if (git) {
        gitIn(root, "init", "-q", "-b", "main");
        gitIn(root, "add", "-A");
        gitIn(root, "commit", "-q", "-m", "Start");
      }
      return root;
    },
    close(): void {
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function gitIn(directory: string, ...args: string[]): string {
  const author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
  return execFileSync("git", ["-C", directory, ...author, ...args], { encoding: "utf8" }).trim();
}
