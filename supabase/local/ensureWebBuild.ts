import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import { logLine } from "./logLine.ts";
import { waitForLock } from "./stackLock.ts";

/**
 * Builds the Studio where it is missing or older than its sources, in a process of its own: it is the heaviest step.
 * `CODER_WEB_BUILD=skip` serves what is there.
 */
export async function ensureWebBuild(root: string): Promise<void> {
  const isBuilt = existsSync(join(root, "web/dist/index.html"));
  if (process.env.CODER_WEB_BUILD === "skip" && isBuilt) return;
  const { webBuildIsFresh } = await import("../../web/build.ts");
  if (await webBuildIsFresh()) return;
  // Two stacks of one checkout must not build into the same directory at once.
  const lock = await waitForLock(join(root, "node_modules/.coder-web-build.lock"));
  try {
    if (!(await webBuildIsFresh())) await buildWeb(root, isBuilt);
  } finally {
    await lock.release();
  }
}

async function buildWeb(root: string, isBuilt: boolean): Promise<void> {
  const child = spawn(process.execPath, [join(root, "web/build.ts")], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return;
  const lines = errors.trim().split("\n");
  const reason = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
  if (!isBuilt) {
    throw new CoderError(
      "unavailable",
      `The Studio could not be built (${reason}); run npm run build to see why.`,
    );
  }
  logLine(
    `The Studio could not be rebuilt, the last build is served: ${reason}. Run npm run build to see why.`,
  );
}
