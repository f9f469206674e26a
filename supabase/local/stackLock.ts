import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import { processStart } from "./processStart.ts";

export interface StackLock {
  release(): Promise<void>;
}

interface Holder {
  pid: number;
  start: string;
}

/**
 * Makes this process the only stack on a data directory.
 * @throws CoderError `unavailable` naming the process that holds it.
 */
export async function lockStack(dataDir: string): Promise<StackLock> {
  const taken = await tryLock(join(dataDir, "stack.lock"));
  if (typeof taken !== "number") return taken;
  throw new CoderError(
    "unavailable",
    `Coder already runs on ${dataDir} (process ${taken}); stop that one or set CODER_DATA to another directory.`,
  );
}

/** Waits until no other process holds the lock at the path, and takes it. */
export async function waitForLock(path: string): Promise<StackLock> {
  for (;;) {
    const taken = await tryLock(path);
    if (typeof taken !== "number") return taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The lock at the path, or undefined while another process holds it. */
export async function takeLock(path: string): Promise<StackLock | undefined> {
  const taken = await tryLock(path);
  return typeof taken === "number" ? undefined : taken;
}

/** The lock, or the number of the process that holds it. A lock whose process is gone (killed, machine restarted) is taken over. */
async function tryLock(path: string): Promise<StackLock | number> {
  const mine: Holder = { pid: process.pid, start: processStart(process.pid) ?? "" };
  for (;;) {
    try {
      await writeFile(path, JSON.stringify(mine), { flag: "wx" });
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = await readHolder(path);
    if (holder && processStart(holder.pid) === holder.start) return holder.pid;
    await rm(path, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    // Gone meanwhile, or half written by a process that was killed: nobody holds it.
    return undefined;
  }
}
