import { createHash, randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { matchesPath } from "../../shared/policy/decidePath.ts";
import { CoderError, toCoderError } from "../../shared/errors.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { installCommand } from "./installCommand.ts";
import type { StepContext } from "./step.ts";

const maxKeyFiles = 500;
const maxKeyFileBytes = 32 * 1024 * 1024;
const maxListed = 50_000;
/** In kB, as the shell counts. */
const maxArchiveKb = 2 * 1024 * 1024;

/** What of an install's surroundings decides its result, besides the lock file. */
const installFiles =
  /^(?:package\.json|\.npmrc|\.yarnrc(?:\.yml)?|pnpm-workspace\.yaml|\.pnpmfile\.cjs|bunfig\.toml)$/;
/** A package's own scripts may do anything at an install, also outside node_modules. */
const lifecycle = [
  "preinstall",
  "install",
  "postinstall",
  "prepublish",
  "preprepare",
  "prepare",
  "postprepare",
];

interface CachePlan {
  key: string;
  /** Directories and files of the checkout. */
  paths: string[];
  /** Found by itself: what the command does besides must be nothing. */
  automatic: boolean;
}

/** One use of the cache by a step. */
export interface StepCacheUse {
  /** Puts back what the command made before; true when it need not run. */
  restore(): Promise<boolean>;
  /** Keeps what the command has made; after it succeeded. */
  save(): Promise<void>;
}

/**
 * The cache of a command step: by its own `cache`, or by itself for a plain install of dependencies with a lock file.
 * All work on files of the checkout is done inside the sandbox; undefined when nothing is to be cached.
 */
export async function openStepCache(
  context: StepContext,
  sandbox: Sandbox,
  env: Readonly<Record<string, string>>,
): Promise<StepCacheUse | undefined> {
  const { spec } = context.step;
  if (spec.type !== "command" || spec.cache === false) return undefined;
  const install = installCommand(spec.command);
  if (spec.cache === undefined && !install) return undefined;
  const plan = await planCache(context, sandbox, env);
  if (plan === undefined) return undefined;
  const cache = await context.cache();
  const temporary = join(dirname(sandbox.repoDir), "tmp");
  const stamp = join(temporary, `stamp-${randomUUID()}`);
  const use: StepCacheUse = {
    async restore() {
      const startedAt = performance.now();
      const archive = await cache.find(plan.key);
      if (archive === undefined) {
        // What the command writes from here on is newer.
        if (plan.automatic) await sandbox.write(stamp, new Uint8Array());
        return false;
      }
      const { exitCode } = await inside(context, sandbox, {
        command: `rm -rf -- ${quoted(plan.paths)} && tar -xf "$CODER_ARCHIVE"`,
        env: { CODER_ARCHIVE: archive.path },
      });
      if (exitCode === 0) {
        const took = ((performance.now() - startedAt) / 1000).toFixed(1);
        const what = `${named(plan.paths)} (${megabytes(archive.size)}) from the cache in ${took} s`;
        context.log("note", `Restored ${what}; the command was not run.\n`);
        return true;
      }
      context.log("note", "What the cache holds cannot be used; the command runs.\n");
      await cache.drop(plan.key);
      await inside(context, sandbox, { command: `rm -rf -- ${quoted(plan.paths)}`, env: {} });
      return false;
    },
    async save() {
      const startedAt = performance.now();
      const elsewhere = plan.automatic ? await changedElsewhere(context, sandbox, stamp) : undefined;
      if (elsewhere !== undefined) {
        context.log("note", `Not cached: the command also wrote ${elsewhere}.\n`);
        return;
      }
      const archive = join(temporary, `cache-${randomUUID()}.tar`);
      // Paths that the command did not make are none of its result.
      const { exitCode } = await inside(context, sandbox, {
        command: `ulimit -f ${maxArchiveKb}; set --; for path in ${quoted(plan.paths)}; do if [ -e "$path" ]; then set -- "$@" "$path"; fi; done; [ $# -gt 0 ] && tar -cf "$CODER_ARCHIVE" -- "$@"`,
        env: { CODER_ARCHIVE: archive },
      });
      const size = exitCode === 0 ? await cache.save(plan.key, archive) : undefined;
      const took = ((performance.now() - startedAt) / 1000).toFixed(1);
      if (size === undefined) context.log("note", `Not cached: ${named(plan.paths)} could not be kept.\n`);
      else
        context.log("note", `Saved ${named(plan.paths)} (${megabytes(size)}) to the cache in ${took} s.\n`);
    },
  };
  // A cache that cannot be read or written, on a full disk say, is no reason for a step to fail.
  const orElse = async <T>(attempt: Promise<T>, instead: T): Promise<T> => {
    try {
      return await attempt;
    } catch (error) {
      context.signal.throwIfAborted();
      context.log("note", `The cache could not be used: ${toCoderError(error).message}\n`);
      return instead;
    }
  };
  return { restore: () => orElse(use.restore(), false), save: () => orElse(use.save(), undefined) };
}

async function planCache(
  context: StepContext,
  sandbox: Sandbox,
  env: Readonly<Record<string, string>>,
): Promise<CachePlan | undefined> {
  const { spec } = context.step;
  if (spec.type !== "command") return undefined;
  const explicit = spec.cache === false ? undefined : spec.cache;
  const lockFiles = installCommand(spec.command)?.lockFiles ?? [];
  const listed = await sandbox
    .list(".", { maxFiles: maxListed, skip: ["node_modules", ".git"] })
    .catch((error: unknown) => {
      if (error instanceof CoderError && error.code === "too_large") return undefined;
      throw error;
    });
  if (listed === undefined) return undefined;
  const all = listed.map((file) => file.path);
  const lock = lockFiles.find((name) => all.includes(name));
  if (!explicit && lock === undefined) return undefined;
  const wanted = explicit
    ? all.filter((path) => explicit.key.some((glob) => matchesPath(path, glob, { ignoreCase: false })))
    : all.filter((path) => path === lock || installFiles.test(path.split("/").at(-1) ?? ""));
  if (wanted.length === 0 || wanted.length > maxKeyFiles) return undefined;
  const files: [path: string, sha256: string][] = [];
  for (const path of wanted.sort()) {
    const bytes = await sandbox.read(path, maxKeyFileBytes);
    if (!explicit && path.endsWith("package.json") && hasLifecycle(bytes)) return undefined;
    files.push([path, createHash("sha256").update(bytes).digest("hex")]);
  }
  const directories = wanted
    .filter((path) => path.endsWith("package.json"))
    .map((path) => join(dirname(path), "node_modules"));
  const paths = explicit?.paths ?? [...new Set(["node_modules", ...directories])];
  const parts = {
    version: 1,
    command: spec.command,
    env: Object.keys(env)
      .sort()
      .map((name) => [name, env[name]]),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    sandbox: sandbox.kind,
    registry: context.settings.registry,
    paths,
    files,
  };
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return { key, paths, automatic: !explicit };
}

function hasLifecycle(bytes: Uint8Array): boolean {
  try {
    const { scripts } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { scripts?: object };
    return lifecycle.some((name) => scripts !== undefined && Object.hasOwn(scripts, name));
  } catch {
    // Not ours to judge: the command will.
    return true;
  }
}

/** Something that was written since the stamp and is neither in node_modules nor git's; undefined when there is nothing. */
async function changedElsewhere(
  context: StepContext,
  sandbox: Sandbox,
  stamp: string,
): Promise<string | undefined> {
  let found = "";
  const prune = "\\( -name node_modules -o -name .git \\) -prune -o";
  const { exitCode } = await inside(context, sandbox, {
    command: `find . "$HOME" ${prune} -type f -cnewer "$CODER_STAMP" -print -quit`,
    env: { CODER_STAMP: stamp },
    onOutput: (text) => (found = (found + text).slice(0, 500)),
  });
  if (exitCode !== 0) return "what cannot be told";
  return found.trim() === "" ? undefined : found.trim();
}

function inside(
  context: StepContext,
  sandbox: Sandbox,
  command: { command: string; env: Record<string, string>; onOutput?: (text: string) => void },
): Promise<{ exitCode: number }> {
  return sandbox.exec({
    command: command.command,
    env: command.env,
    timeoutMs: context.step.timeoutSec * 1000,
    signal: context.signal,
    onOutput: (_stream, text) => command.onOutput?.(text),
  });
}

function quoted(paths: readonly string[]): string {
  return paths.map((path) => `'./${path.replaceAll("'", String.raw`'\''`)}'`).join(" ");
}

function named(paths: readonly string[]): string {
  const [first = "", ...rest] = paths;
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
