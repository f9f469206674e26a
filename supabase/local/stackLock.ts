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
 * Makes this process the only stack on a data directory. A lock whose process is gone (killed, machine restarted) is taken over.
 * @throws CoderError `unavailable` naming the process that holds it.
 */
export async function lockStack(dataDir: string): Promise<StackLock> {
  const path = join(dataDir, "stack.lock");
  const mine: Holder = { pid: process.pid, start: processStart(process.pid) ?? "" };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, JSON.stringify(mine), { flag: "wx" });
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = await readHolder(path);
    if (holder && processStart(holder.pid) === holder.start) {
      throw new CoderError(
        "unavailable",
        `Coder already runs on ${dataDir} (process ${holder.pid}); stop that one or set CODER_DATA to another directory.`,
      );
    }
    await rm(path, { force: true });
  }
  throw new CoderError("unavailable", `Several Coder processes start on ${dataDir} at once; start one.`);
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    // Gone meanwhile, or half written by a process that was killed: nobody holds it.
    return undefined;
  }
}
