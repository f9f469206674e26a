import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { connectCommandServer } from "./commandClient.ts";
import { killGroup } from "./killGroup.ts";
import { makeRunDirectory, sandboxEnvironment } from "./runDirectory.ts";
import type { Sandbox, SandboxOptions } from "./sandbox.ts";

/**
 * No isolation at all: the commands run as the worker's user and reach what it reaches. Only for CODER_SANDBOX=none,
 * which the worker announces at every start and in every run's log. The environment is clean all the same.
 */
export async function openPlainSandbox(options: SandboxOptions): Promise<Sandbox> {
  const directory = await makeRunDirectory(options.workDir);
  await mkdir(options.cacheDir, { recursive: true });
  const child = spawn(process.execPath, [directory.server, directory.repo], {
    cwd: directory.home,
    env: sandboxEnvironment(directory, options),
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  return connectCommandServer({
    kind: "none",
    repoDir: directory.repo,
    child,
    values: Object.fromEntries((options.secrets ?? []).map(({ name, value }) => [name, value])),
    kill: async () => {
      // The end of its input makes the server kill what its commands left behind; then whatever is left of its group.
      child.stdin.end();
      await killGroup(child, { firstSignal: undefined, graceMs: 1_000 });
    },
  });
}
