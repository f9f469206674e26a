import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repeat, type Measurement } from "./measure.ts";

/** From the start of `coder run --local` to the first line of its first command, and of the shortest command to its end. */
export async function localRun(): Promise<Measurement[]> {
  const directory = mkdtempSync(join(tmpdir(), "coder-bench-local-"));
  const project = join(directory, "project");
  mkdirSync(join(project, ".coder/workflows"), { recursive: true });
  writeFileSync(
    join(project, ".coder/workflows/hello.yaml"),
    'name: Hello\ntriggers: [{ type: manual }]\nsteps:\n  - { type: command, command: "echo the-first-line" }\n',
  );
  try {
    const cold = await repeat(
      3,
      (index) => firstLine({ project, cache: join(directory, `cold${index}`) }),
      0,
    );
    const warm = await repeat(5, () => firstLine({ project, cache: join(directory, "warm") }));
    const version = await repeat(5, () => wholeOf(["version"]));
    return [
      { name: "run --local to the first line, empty cache", unit: "ms", samples: cold },
      { name: "run --local to the first line, used cache", unit: "ms", samples: warm, target: 2000 },
      { name: "coder version", unit: "ms", samples: version, target: 300 },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

const launcher = join(import.meta.dirname, "../supabase/local/coder.js");

/** Milliseconds; the run is waited for and has to succeed. */
async function firstLine({ project, cache }: { project: string; cache: string }): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [launcher, "run", "hello", "--local"], {
    cwd: project,
    env: { ...process.env, XDG_CACHE_HOME: cache },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  let tookMs: number | undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    // The heading of the step holds the command too.
    if (/^ {2}the-first-line$/m.test(said)) tookMs ??= performance.now() - startedAt;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || tookMs === undefined) throw new Error(`The local run ended with ${code}:\n${said}`);
  return tookMs;
}

async function wholeOf(args: string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [launcher, ...args], { stdio: "ignore" });
  await once(child, "close");
  return performance.now() - startedAt;
}
