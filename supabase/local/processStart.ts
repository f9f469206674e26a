import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * When a process started, as a word to compare; undefined where there is no such process.
 * With its number it names one process for ever: numbers alone are given out again.
 */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      // proc(5): field 22, counted after the name, which is in brackets and may hold spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
      return fields?.[0] === "Z" ? undefined : fields?.[19];
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    // No such process.
    return undefined;
  }
}
