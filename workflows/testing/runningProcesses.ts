import { readdirSync, readFileSync } from "node:fs";

export interface RunningProcess {
  pid: number;
  /** The program and its arguments; empty where the process has ended meanwhile. */
  args: string[];
}

/** The processes of this machine, as proc(5) has them. */
export function runningProcesses(): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), args: argumentsOf(name) }));
}

function argumentsOf(pid: string): string[] {
  try {
    // A program that renames itself, as Postgres does, may leave out the zero at the end.
    const text = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0$/, "");
    return text === "" ? [] : text.split("\0");
  } catch {
    return [];
  }
}
