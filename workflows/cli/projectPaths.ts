import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What git would take; in a plain directory, everything but the packages. */
export async function projectPaths(cwd: string): Promise<string[]> {
  const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const text = await run("git", ["-C", cwd, ...listing], { maxBuffer: 256 * 1024 * 1024 }).then(
    ({ stdout }) => stdout,
    async () => {
      const find = ["-path", "*/node_modules", "-prune", "-o", "-type", "f", "-printf", String.raw`%P\0`];
      return (await run("find", [cwd, ...find], { maxBuffer: 256 * 1024 * 1024 })).stdout;
    },
  );
  return text.split("\0").filter((path) => path !== "");
}
