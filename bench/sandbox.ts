import { spawn } from "node:child_process";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpmRegistry } from "../supabase/local/npmRegistry.ts";
import { openSrtSandbox } from "../workflows/sandbox/srt.ts";
import { median, repeat, timed, type Measurement } from "./measure.ts";

/** A command in a run's open sandbox against the same command spawned plainly, in turn. */
export async function sandbox(): Promise<Measurement[]> {
  const directory = await mkdtemp(join(tmpdir(), "coder-bench-"));
  const [workDir, cacheDir] = [join(directory, "run"), join(directory, "cache")];
  await Promise.all([mkdir(workDir), mkdir(cacheDir)]);
  const registry = await readNpmRegistry({ dataDir: directory, projectDir: process.cwd() });
  const options = { runId: "bench", workDir, cacheDir, allowedDomains: ["registry"], env: {}, registry };
  const opening: number[] = [];
  const plain: number[] = [];
  try {
    const startedAt = performance.now();
    const open = await openSrtSandbox(options);
    await open.exec({ command: "true" });
    opening.push(performance.now() - startedAt);
    const inside = await repeat(
      50,
      async (index) => {
        const bare = await timed(() => plainSpawn("true"));
        if (index >= 0) plain.push(bare);
        return timed(() => open.exec({ command: "true" }));
      },
      5,
    );
    await open.close();
    const overhead = inside.map((sample) => sample - median(plain));
    return [
      {
        name: "command in the open sandbox",
        unit: "ms",
        samples: inside,
        reference: { name: "plain spawn of bash", samples: plain },
      },
      { name: "overhead of the sandbox per command", unit: "ms", samples: overhead, target: 10 },
      { name: "opening of a run's sandbox, with its first command", unit: "ms", samples: opening },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function plainSpawn(command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-e", "-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    child.once("error", reject);
    child.once("close", () => resolve());
  });
}
