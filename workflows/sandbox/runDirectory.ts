import { randomUUID } from "node:crypto";
import { mkdir, readFile, readlink, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { delimiter, dirname, join } from "node:path";
import type { SandboxOptions } from "./sandbox.ts";

/** Where things of one run are. */
export interface RunDirectory {
  repo: string;
  home: string;
  tmp: string;
  bin: string;
  /** The command server, as plain JavaScript. */
  server: string;
  /** Directories outside the run's that the tools in `bin` lie in. */
  toolDirs: string[];
}

/** Makes the directories of a run, and puts node and npm (those that run the worker) into its `bin`. */
export async function makeRunDirectory(workDir: string): Promise<RunDirectory> {
  const directory = {
    repo: join(workDir, "repo"),
    home: join(workDir, "home"),
    tmp: join(workDir, "tmp"),
    bin: join(workDir, "bin"),
    server: join(workDir, "commandServer.mjs"),
  };
  await Promise.all(
    [directory.repo, directory.home, directory.tmp, directory.bin].map((path) =>
      mkdir(path, { recursive: true }),
    ),
  );
  const [tools] = await Promise.all([
    findTools(),
    placeServer(directory.server),
    // Commits inside need an author; a command may set its own.
    writeFile(join(directory.home, ".gitconfig"), "[user]\n\tname = Coder\n\temail = coder@localhost\n", {
      flag: "wx",
    }).catch(ignoreExisting),
  ]);
  await Promise.all(
    Object.entries(tools.commands).map(async ([name, target]) => {
      const link = join(directory.bin, name);
      // A run may have several sandboxes: what one of them works with is not taken away for a moment.
      if ((await readlink(link).catch(() => undefined)) === target) return;
      await rm(link, { force: true });
      await symlink(target, link).catch(ignoreExisting);
    }),
  );
  return { ...directory, toolDirs: tools.directories };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

/** Whole or not at all: another sandbox of the run may be reading it. */
async function placeServer(path: string): Promise<void> {
  const part = `${path}.${randomUUID()}`;
  await writeFile(part, await serverSource());
  await rename(part, path);
}

let source: Promise<string> | undefined;
function serverSource(): Promise<string> {
  source ??= readFile(new URL("./commandServer.ts", import.meta.url), "utf8").then((text) =>
    stripTypeScriptTypes(text),
  );
  return source;
}

interface Tools {
  commands: Record<string, string>;
  directories: string[];
}
let tools: Promise<Tools> | undefined;
function findTools(): Promise<Tools> {
  tools ??= (async () => {
    const node = await realpath(process.execPath);
    const found: Tools = { commands: { node }, directories: [dirname(node)] };
    const npm = await findNpm();
    if (npm) {
      found.commands.npm = join(npm, "bin/npm-cli.js");
      found.commands.npx = join(npm, "bin/npx-cli.js");
      found.directories.push(npm);
    }
    return found;
  })();
  return tools;
}

/** The package directory of the npm on the PATH, or of the one that started us. */
async function findNpm(): Promise<string | undefined> {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, "npm"));
  if (process.env.npm_execpath) candidates.unshift(process.env.npm_execpath);
  for (const candidate of candidates) {
    const path = await realpath(candidate).catch(() => undefined);
    const root = path && dirname(dirname(path));
    if (root && existsSync(join(root, "bin/npm-cli.js")) && existsSync(join(root, "bin/npx-cli.js")))
      return root;
  }
  return undefined;
}

/** The whole environment of a run's commands: nothing is inherited but what is named here. */
export function sandboxEnvironment(directory: RunDirectory, options: SandboxOptions): Record<string, string> {
  const inherited: Record<string, string> = {};
  // Where the machine's own certificates or its proxy are; without them no registry can be reached on such machines.
  for (const name of [
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
  ]) {
    const value = process.env[name];
    if (value) inherited[name] = value;
  }
  return {
    ...inherited,
    PATH: [directory.bin, "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"].join(
      ":",
    ),
    HOME: directory.home,
    TMPDIR: directory.tmp,
    LANG: "C.UTF-8",
    USER: "coder",
    CI: "true",
    CODER: "true",
    FORCE_COLOR: "1",
    NODE_USE_ENV_PROXY: "1",
    npm_config_registry: options.registry,
    npm_config_cache: join(options.cacheDir, "npm"),
    npm_config_update_notifier: "false",
    npm_config_fund: "false",
    npm_config_audit: "false",
    GIT_TERMINAL_PROMPT: "0",
    ...options.env,
  };
}
