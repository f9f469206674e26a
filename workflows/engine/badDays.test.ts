import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runningProcesses } from "../testing/runningProcesses.ts";
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

const ended = ["succeeded", "failed", "canceled"];

test("W198 W212 a command that prints 1 GB: the log is cut with a marker, its exit code counts, and neither worker nor sandbox grows with it", async () => {
  const worker = await fixture.startWorker();
  // What a worker's first command brings in stays in any case.
  const first = await fixture.start(project, "name: T\nsteps:\n  - { type: command, command: echo up }\n");
  await fixture.until(first, ended);
  // From now on the peak is counted anew.
  await writeFile(`/proc/${worker.pid}/clear_refs`, "5");
  const before = peakMegabytes(worker.pid);
  const print = `yes ${"x".repeat(1023)} | head -c 1073741824`;
  const runId = await fixture.start(
    project,
    `name: T\nsteps:\n  - { type: command, command: "${print}; exit 7" }\n`,
  );
  let sandboxPeak = 0;
  // Not by its events: they hold the log, and to read them again and again is more work than to store them.
  await vi.waitFor(
    async () => {
      sandboxPeak = Math.max(sandboxPeak, ...sandboxServers(runId).map(peakMegabytes));
      const [row] = await fixture.sql`select status from runs where id = ${runId}`;
      expect(ended).toContain(row!.status);
    },
    { timeout: 110_000, interval: 50 },
  );
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
  // What is read and not kept is garbage until it is collected; the 50 MB that are kept are in memory a piece at a time.
  expect(peakMegabytes(worker.pid) - before).toBeLessThan(250);
  expect(sandboxPeak).toBeGreaterThan(0);
  expect(sandboxPeak).toBeLessThan(250);
  await worker.kill("SIGTERM");
});

/** Moves the clock of a worker, for everything that asks Date, by an hour at SIGUSR2: there, back, and back once more. */
const jumpingClock = `
  const RealDate = Date;
  const hours = [1, 0, -1];
  let shift = 0;
  const now = () => RealDate.now() + shift;
  globalThis.Date = class extends RealDate {
    constructor(...args) { super(...(args.length === 0 ? [now()] : args)); }
    static now() { return now(); }
  };
  process.on("SIGUSR2", () => { shift = (hours.shift() ?? 0) * 3_600_000; });
`;

/** Until every worker has sent the heartbeats of a lease and more: whoever looks for dead workers has looked several times. */
async function leaseHasPassed(): Promise<void> {
  const beats = new Map<string, Set<string>>();
  await expect
    .poll(
      async () => {
        for (const { id, seen } of await fixture.sql<{ id: string; seen: string }[]>`
          select id, seen::text as seen from workers`)
          beats.set(id, (beats.get(id) ?? new Set()).add(seen));
        return Math.min(...[...beats.values()].map((seen) => seen.size));
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBeGreaterThan(9);
}

test("W199 the clock jumps an hour on a worker, forth and back: no budget is used up, no approval expires, no lease is lost", async () => {
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(jumpingClock)}` };
  const jumping = await fixture.startWorker({ env });
  const other = await fixture.startWorker({ env: { CODER_MAX_STEPS: "1" } });
  const policies = "policies: { budget: { max_wall_clock_sec: 600 }, gates: { expires_sec: 600 } }";
  const work = "type: command, on_interrupt: fail, command: 'until test -e go; do sleep 0.05; done'";
  const asks = "type: approve, needs: [], reason: Go?";
  const yaml = `name: T\n${policies}\nsteps:\n  - { step_id: ask, ${asks} }\n  - { step_id: work, needs: [], ${work} }\n  - { type: command, needs: [work], command: echo on }\n`;
  const runs = await Promise.all([1, 2, 3].map(() => fixture.start(project, yaml)));
  await Promise.all(
    runs.map((runId) =>
      fixture.untilEvent(runId, (all) => all.some((event) => event.type === "step.started")),
    ),
  );
  for (let jump = 0; jump < 3; jump += 1) {
    process.kill(jumping.pid, "SIGUSR2");
    await leaseHasPassed();
    for (const runId of runs.slice(jump, jump + 1)) {
      await writeFile(join(fixture.directory, "work/runs", runId, "repo/go"), "");
      await fixture.until(runId, ["waiting"]);
    }
  }
  for (const runId of runs) {
    await fixture.decide(runId, "approved");
    await fixture.until(runId, ended);
    expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
    expect((await fixture.steps(runId)).work!.execs).toBe(1);
  }
  expect([jumping.child.exitCode, other.child.exitCode]).toEqual([null, null]);
  await Promise.all([jumping, other].map((one) => one.kill("SIGTERM")));
});

test("W213 the database's clock jumps an hour, forth and back: no lease is lost, no command runs twice, and a dead worker is still found", async () => {
  // As a jump between a heartbeat and everybody's look at it, and one at every heartbeat: what was stored is an hour off.
  const shift = async (hours: number): Promise<void> => {
    await fixture.sql.unsafe(`
      create or replace function private.shifted() returns trigger language plpgsql as $$
      begin new.seen := clock_timestamp() + interval '${hours} hours'; return new; end $$;
      create or replace trigger shifted before insert or update on public.workers for each row execute function private.shifted();`);
  };
  const first = await fixture.startWorker();
  const work = "type: command, on_interrupt: fail, command: 'echo up; until test -e go; do sleep 0.05; done'";
  const runId = await fixture.start(project, `name: T\nsteps:\n  - { ${work} }\n`);
  await fixture.untilEvent(runId, (all) => all.some((event) => event.type === "step.log"));
  const second = await fixture.startWorker();
  for (const hours of [-1, 1]) {
    await shift(hours);
    await leaseHasPassed();
  }
  await writeFile(join(fixture.directory, "work/runs", runId, "repo/go"), "");
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  expect([first.child.exitCode, second.child.exitCode]).toEqual([null, null]);

  // Its last heartbeat is an hour ahead of everybody.
  const again = await fixture.start(
    project,
    "name: T\ndefaults: { on_interrupt: retry }\nsteps:\n  - { type: command, command: 'echo up; test -e again && exit 0; touch again; sleep 600' }\n",
  );
  const events = await fixture.untilEvent(again, (all) => all.some((event) => event.type === "step.log"));
  const owner = events.find((event) => event.type === "run.started")!.workerId;
  const [dying, living] = owner === first.id ? [first, second] : [second, first];
  await dying.kill("SIGKILL");
  await fixture.until(again, ended);
  expect((await fixture.run(again)).status).toBe("succeeded");
  await fixture.sql.unsafe("drop trigger shifted on public.workers; drop function private.shifted()");
  await living.kill("SIGTERM");
});

test("W213 a run that is brought back for nothing, as by a clock that jumped, asks nobody anything and waits on", async () => {
  const worker = await fixture.startWorker();
  const runId = await fixture.start(project, "name: T\nsteps:\n  - { type: approve, reason: Go? }\n");
  const wakeAt = async (): Promise<unknown> =>
    (await fixture.sql`select wake_at from runs where id = ${runId}`)[0]!.wake_at;
  await expect.poll(wakeAt, { timeout: 60_000 }).toBeInstanceOf(Date);
  const before = await wakeAt();
  await fixture.sql`update runs set wake_at = now() - interval '1 hour' where id = ${runId}`;
  await expect.poll(wakeAt, { timeout: 60_000 }).toEqual(before);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  const events = await fixture.events(runId);
  expect(events.filter((event) => event.type === "step.waiting")).toHaveLength(1);
  await worker.kill("SIGTERM");
});

test("W200 the worker's disk is full: the step fails and says so, the worker lives, and with space again runs succeed", async () => {
  // A disk of its own, which only the worker and what it starts can see; we reach it by the worker's root.
  const workDir = join(fixture.directory, "small-disk");
  await mkdir(workDir);
  const mounted = `mount -t tmpfs -o size=24m tmpfs '${workDir}' && exec "$0" "$@"`;
  const worker = await fixture.startWorker({
    // Namespaces of namespaces are not to be had everywhere, and what is asked here is the same without a sandbox.
    env: { CODER_WORK_DIR: workDir, CODER_SANDBOX: "none", CODER_MAX_STEPS: "1" },
    through: ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted],
  });
  const ballast = join(`/proc/${worker.pid}/root`, workDir, "ballast");
  const fill = async (): Promise<void> => {
    await expect(writeFile(ballast, Buffer.alloc(32 * 1024 * 1024))).rejects.toMatchObject({
      code: "ENOSPC",
    });
  };
  const command = (text: string): string => `name: T\nsteps:\n  - { type: command, command: "${text}" }\n`;

  await fill();
  const early = await fixture.start(project, command("echo never"));
  await fixture.until(early, ended);
  const { failure } = (await fixture.steps(early)).s1!;
  expect(["checkout_failed", "sandbox_unavailable"]).toContain(failure?.code);
  expect(failure?.message).toMatch(/^The disk of the worker is full: free some space, then run it again\./);
  await rm(ballast);

  // What fills the disk in the middle is a command: its own words and its exit code are what counts.
  const late = await fixture.start(
    project,
    command("head -c 32M /dev/zero > big || { echo it is full; exit 3; }"),
  );
  await fixture.until(late, ended);
  expect((await fixture.steps(late)).s1).toMatchObject({
    status: "failed",
    exit_code: 3,
    failure: { code: "command_failed" },
  });
  expect(await fixture.log(late)).toContain("No space left on device\nit is full\n");
  // What it has made does not fit a second time, into the cache: the command has succeeded all the same.
  const cached = await fixture.start(
    project,
    `name: T\nsteps:\n  - { type: command, command: "head -c 14M /dev/zero > out", cache: { key: [a], paths: [out] } }\n`,
  );
  await fixture.until(cached, ended);
  expect(await fixture.run(cached)).toMatchObject({ status: "succeeded" });
  expect(await fixture.log(cached)).toContain("Not cached: out could not be kept.\n");
  // The end of a run takes its files with it, so there is space again.
  const after = await fixture.start(project, command("echo fine"));
  await fixture.until(after, ended);
  expect(await fixture.run(after)).toMatchObject({ status: "succeeded" });
  expect(worker.child.exitCode).toBe(null);
  await worker.kill("SIGTERM");
});

test("W200 storage is full: a run ends as its steps did, with its log, and a step whose files cannot be kept fails and says so", async () => {
  const worker = await fixture.startWorker();
  const full = vi.spyOn(fixture.objects, "set").mockImplementation(() => {
    throw new Error("ENOSPC: no space left on device, write");
  });
  const plain = await fixture.start(project, "name: T\nsteps:\n  - { type: command, command: echo up }\n");
  await fixture.until(plain, ended);
  expect(await fixture.run(plain)).toMatchObject({ status: "succeeded", failure: null });
  expect(await fixture.log(plain)).toContain("up\n");
  expect(await fixture.sql`select 1 from artifacts where run_id = ${plain}`).toEqual([]);
  const keeping = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: echo x > kept, artifacts: [kept] }\n",
  );
  await fixture.until(keeping, ended);
  const { failure } = (await fixture.steps(keeping)).s1!;
  expect(failure?.message).toMatch(/^Storage refused artifacts\/.*: 500 Error: ENOSPC/);
  full.mockRestore();
  const after = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: echo x > kept, artifacts: [kept] }\n",
  );
  await fixture.until(after, ended);
  expect(await fixture.run(after)).toMatchObject({ status: "succeeded", failure: null });
  await worker.kill("SIGTERM");
});

/** The processes inside sandboxes that start the run's commands. */
function sandboxServers(runId: string): number[] {
  return runningProcesses()
    .filter(
      ({ args: [program, script] }) =>
        program?.endsWith("node") && script?.endsWith(`${runId}/commandServer.mjs`),
    )
    .map(({ pid }) => pid);
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
