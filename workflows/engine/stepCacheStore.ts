import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { StepCache } from "../steps/step.ts";
import { crashPoint } from "./crashPoint.ts";

/** Of all archives of one project, and of all projects on this machine, in bytes. */
const maxProjectBytes = 4 * 2 ** 30;
const maxBytes = 20 * 2 ** 30;
const keyPattern = /^[0-9a-f]{64}$/;
const merged = "merged";

export interface CacheScope {
  projectId: string;
  ref: string;
  /** Its commit is in the history of the default branch, and no agent works in the run: what it makes is everybody's. */
  trusted: boolean;
}

/**
 * Archives of what commands made, on this machine's disk, beyond the reach of any sandbox's writes. A project's are its own.
 * Runs of merged commits write what all its runs may read; a branch writes for itself alone, so that what it puts there
 * reaches no other branch. (docs/decisions/014-step-cache.md)
 */
export interface StepCacheStore {
  /** Directories that a run's sandbox may read, made when missing; which of them it uses is known when its files are there. */
  directories(run: Pick<CacheScope, "projectId" | "ref">): Promise<string[]>;
  of(scope: CacheScope): StepCache;
}

/** @param root on the same file system as the runs' directories. */
export function makeStepCacheStore(
  root: string,
  limits: { maxProjectBytes: number; maxBytes: number } = { maxProjectBytes, maxBytes },
): StepCacheStore {
  const own = ({ projectId, ref, trusted }: CacheScope): string =>
    join(
      root,
      projectId,
      trusted ? merged : `ref-${createHash("sha256").update(ref).digest("hex").slice(0, 32)}`,
    );
  const shared = ({ projectId }: CacheScope): string => join(root, projectId, merged);
  const readable = (scope: CacheScope): string[] => [...new Set([own(scope), shared(scope)])];
  return {
    async directories(run) {
      const directories = readable({ ...run, trusted: false });
      await Promise.all(directories.map((directory) => mkdir(directory, { recursive: true })));
      return directories;
    },
    of: (scope) => ({
      async find(key) {
        for (const directory of readable(scope)) {
          const path = archiveOf(directory, key);
          const info = await stat(path).catch(() => undefined);
          if (!info) continue;
          const now = new Date();
          await utimes(path, now, now).catch(() => undefined);
          return { path, size: info.size };
        }
        return undefined;
      },
      async save(key, archive) {
        const directory = own(scope);
        await mkdir(directory, { recursive: true });
        const part = join(directory, `${randomUUID()}.part`);
        // Moved out of the sandbox's reach before it is looked at; a link is moved as a link, and is no file.
        await rename(archive, part).catch(() => undefined);
        const size = await keepable(part, limits.maxProjectBytes);
        crashPoint("mid-cache-save");
        if (size === undefined) {
          await rm(part, { recursive: true, force: true });
          return undefined;
        }
        await rename(part, archiveOf(directory, key));
        await sweep(root, limits);
        return size;
      },
      // What a run may not write it may not remove either.
      drop: (key) => rm(archiveOf(own(scope), key), { force: true }),
    }),
  };
}

function archiveOf(directory: string, key: string): string {
  if (!keyPattern.test(key)) throw new TypeError(`${key} is no key of the step cache`);
  return join(directory, `${key}.tar`);
}

/** The size of a plain file of one name that is on the disk; undefined for anything else. */
async function keepable(path: string, limit: number): Promise<number | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!file) return undefined;
  try {
    const info = await file.stat();
    if (!info.isFile() || info.nlink !== 1 || info.size > limit) return undefined;
    await chmod(path, 0o444);
    await file.sync();
    return info.size;
  } finally {
    await file.close();
  }
}

/** An archive that is being moved into its place is a moment old. */
const partMs = 60_000;

/** Removes what was used least recently until everything fits; of one project what branches wrote goes first. */
async function sweep(root: string, limits: { maxProjectBytes: number; maxBytes: number }): Promise<void> {
  const entries: { path: string; size: number; usedAt: number; project: string; shared: boolean }[] = [];
  for (const project of await readdir(root)) {
    for (const scope of await readdir(join(root, project))) {
      for (const name of await readdir(join(root, project, scope))) {
        const path = join(root, project, scope, name);
        const info = await stat(path).catch(() => undefined);
        if (!info) continue;
        if (name.endsWith(".part")) {
          if (Date.now() - info.mtimeMs > partMs) await rm(path, { force: true });
          continue;
        }
        entries.push({ path, size: info.size, usedAt: info.mtimeMs, project, shared: scope === merged });
      }
    }
  }
  const evict = async (of: typeof entries, limit: number): Promise<void> => {
    let total = of.reduce((sum, entry) => sum + entry.size, 0);
    for (const entry of of.sort((a, b) => Number(a.shared) - Number(b.shared) || a.usedAt - b.usedAt)) {
      if (total <= limit) return;
      await rm(entry.path, { force: true });
      total -= entry.size;
      entry.size = 0;
    }
  };
  for (const project of new Set(entries.map((entry) => entry.project)))
    await evict(
      entries.filter((entry) => entry.project === project),
      limits.maxProjectBytes,
    );
  await evict(entries, limits.maxBytes);
}
