import { readdir, readFile } from "node:fs/promises";
import type { Sql } from "../workflows/engine/database.ts";

/** Fields of /proc/<pid>/stat behind the name, from `state` on (proc(5)). */
async function statOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

const ticksPerSecond = 100;

/** Processor time that a process has used, in milliseconds; 0 when there is none. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await statOf(pid);
  return ((Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * 1000) / ticksPerSecond;
}

/** The same of a whole Postgres on this machine: its postmaster, the backends there are, and those that have ended. */
export async function postgresProcessorMs(sql: Sql): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const postmaster = Number((await statOf(row?.pid ?? 0))[1]);
  const stat = await statOf(postmaster);
  const ended = ((Number(stat[13] ?? 0) + Number(stat[14] ?? 0)) * 1000) / ticksPerSecond;
  let total = ended + (await processorMs(postmaster));
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number((await statOf(Number(name)))[1]) !== postmaster) continue;
    total += await processorMs(Number(name));
  }
  return total;
}
