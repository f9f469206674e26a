import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A group of processes that together get no more than a share of one core. */
export interface ProcessorLimit {
  add(pid: number): Promise<void>;
  /** Of an empty group: its processes have ended. */
  remove(): Promise<void>;
}

/** Short, so that whoever has used up its share is not away for long. */
const periodUs = 10_000;
const root = "/sys/fs/cgroup";

/**
 * Limits processes by a control group (cgroups(7), either version). Undefined where this account may not make one, or the
 * machine has none.
 */
export async function limitProcessor(name: string, share: number): Promise<ProcessorLimit | undefined> {
  const quotaUs = Math.round(periodUs * share);
  const isOld = existsSync(join(root, "cpu/cpu.cfs_quota_us"));
  const directory = join(root, isOld ? "cpu" : "", name);
  try {
    // One that a run that was killed has left serves as well.
    await mkdir(directory, { recursive: true });
    if (isOld) {
      await writeFile(join(directory, "cpu.cfs_period_us"), String(periodUs));
      await writeFile(join(directory, "cpu.cfs_quota_us"), String(quotaUs));
    } else await writeFile(join(directory, "cpu.max"), `${quotaUs} ${periodUs}`);
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
    return undefined;
  }
  return {
    add: (pid) => writeFile(join(directory, "cgroup.procs"), String(pid)),
    remove: () => rmdir(directory),
  };
}
