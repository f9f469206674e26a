import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

/**
 * Days on which a command, a disk or a clock misbehaves. A database that is away is in outage.test.ts; workers that are
 * killed or stopped for a while are in crash.test.ts.
 */
let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  project = await fixture.project({ a: "a" });
});
afterAll(() => fixture.close());

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

test("W198 a command that prints 1 GB: the log is cut with a marker, its exit code counts, and neither worker nor sandbox grows with it", async () => {
  const worker = await fixture.startWorker();
  const print = `yes ${"x".repeat(1023)} | head -c 1073741824`;
  const runId = await fixture.start(
    project,
    `name: T\nsteps:\n  - { type: command, command: "${print}; exit 7" }\n`,
  );
  let sandboxPeak = 0;
  await fixture.untilEvent(runId, (events) => {
    sandboxPeak = Math.max(sandboxPeak, ...sandboxServers(runId).map(peakMegabytes));
    return events.at(-1)?.type === "run.finished";
  });
  expect((await fixture.steps(runId)).s1).toMatchObject({
    status: "failed",
    exit_code: 7,
    failure: { code: "command_failed" },
  });
  const [log] = await fixture.sql`
    select sum(length(chunk->>'text'))::int as length, string_agg(chunk->>'text', '') filter (where chunk->>'stream' = 'note') as notes
    from run_events, jsonb_array_elements(event->'chunks') as chunk where run_id = ${runId} and event->>'type' = 'step.log'`;
  expect(log!.notes).toBe("Output cut here: a step's log holds 50 MB. The command goes on.\n");
  expect(log!.length).toBeLessThan(51 * 1024 * 1024);
  // What is kept of the output is in memory several times over until it is stored; the rest never is.
  expect(peakMegabytes(worker.pid)).toBeLessThan(700);
  expect(sandboxPeak).toBeGreaterThan(0);
  expect(sandboxPeak).toBeLessThan(250);
  await worker.kill("SIGTERM");
});

/** The processes inside sandboxes that start the run's commands. */
function sandboxServers(runId: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      const [program, script] = pid > 0 ? read(`/proc/${pid}/cmdline`).split("\0") : [];
      return program?.endsWith("node") && script?.endsWith(`${runId}/commandServer.mjs`);
    });
}

/** The most memory that the process has ever had. */
function peakMegabytes(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes ?? 0) / 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
