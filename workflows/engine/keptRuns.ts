import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";

/** How many ended runs' files a machine keeps, and for how long, in milliseconds. */
const maxKept = 8;
const keptMs = 24 * 3_600_000;

/** The files of runs that did not succeed, kept on this machine so that a re-run can go on from them. */
export interface KeptRuns {
  keep(runId: string, directory: string): Promise<void>;
  /** Moves the files of an ended run to a new run's directory; false when they are not here. Again after a crash, it is done already. */
  takeOver(runId: string, directory: string): Promise<boolean>;
}

/**
 * Directories are moved, never copied: keeping costs nothing, and a take-over neither.
 * @param root on the same file system as the runs' own directories.
 */
export function makeKeptRuns(root: string): KeptRuns {
  const sweep = async (): Promise<void> => {
    const kept = await Promise.all(
      (await readdir(root)).map(async (name) => {
        const info = await stat(join(root, name)).catch(() => undefined);
        return { name, keptAt: info?.mtimeMs ?? 0 };
      }),
    );
    const newestFirst = kept.sort((a, b) => b.keptAt - a.keptAt);
    const old = newestFirst.filter(({ keptAt }, index) => index >= maxKept || Date.now() - keptAt > keptMs);
    await Promise.all(
      old.map(({ name }) => rm(join(root, name), { recursive: true, force: true, maxRetries: 3 })),
    );
  };
  return {
    async keep(runId, directory) {
      await mkdir(root, { recursive: true });
      try {
        await rename(directory, join(root, runId));
      } catch (error) {
        // Another worker of this machine was quicker, or the run had no files here.
        if (["ENOENT", "ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) return;
        throw error;
      }
      const now = new Date();
      await utimes(join(root, runId), now, now);
      await sweep();
    },
    async takeOver(runId, directory) {
      if (existsSync(directory)) return true;
      await mkdir(dirname(directory), { recursive: true });
      try {
        await rename(join(root, runId), directory);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
        throw error;
      }
    },
  };
}
