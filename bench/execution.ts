import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { connectDatabase } from "../workflows/engine/database.ts";
import { makeRunEvents } from "../workflows/engine/events.ts";
import { makeRedactor } from "../workflows/engine/redact.ts";
import { addWorker } from "../workflows/engine/sql/addWorker.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "../workflows/engine/testing.ts";
import { limitProcessor, type ProcessorLimit } from "./limitProcessor.ts";
import { median, type Measurement } from "./measure.ts";
import { postgresProcessorMs, processorMs } from "./processorTime.ts";

const run = promisify(execFile);
const patch = ["--import", "./supabase/applyPostgresPatch.ts"];

/** The engine with real workers as processes and a Postgres of its own, without the rest of the stack. Database times. */
export async function execution(): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  // Each with a database of its own, so that none pays for the rows of another.
  for (const part of [overhead, throughput, scaling, waiting, printing, cancelling, takeOver, eventRate]) {
    const fixture = await startEngineFixture();
    try {
      measurements.push(...(await part(fixture)));
    } finally {
      await fixture.close();
    }
  }
  return measurements;
}

const files = { "a.txt": "a" };

/** A run of commands against the same commands with DBOS alone, in turn. */
async function overhead(fixture: EngineFixture): Promise<Measurement[]> {
  await fixture.startWorker();
  const project = await fixture.project(files);
  const steps = 30;
  const yaml = `name: T\nsteps:\n${"  - { type: command, command: 'true' }\n".repeat(steps)}`;
  const [ours, raw, over]: number[][] = [[], [], []];
  for (let round = 0; round < 5; round++) {
    const { stdout } = await run(process.execPath, [
      ...patch,
      "bench/durableStep.ts",
      fixture.databaseUrl,
      String(steps),
    ]);
    const reference = (JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]") as number[]).slice(1);
    const runId = await fixture.start(project, yaml);
    await fixture.until(runId, ["succeeded"]);
    const rows = await fixture.sql<{ at: number }[]>`
      select (extract(epoch from at) * 1000)::float as at from run_events where run_id = ${runId} and event ->> 'type' = 'step.started' order by seq`;
    const own = rows.slice(2).map((row, index) => row.at - (rows[index + 1]?.at ?? row.at));
    raw?.push(...reference);
    ours?.push(...own);
    over?.push(...own.map((sample) => sample - median(reference)));
  }
  return [
    {
      name: "one command step after another",
      unit: "ms",
      samples: ours ?? [],
      reference: { name: "raw durable step: DBOS alone", samples: raw ?? [] },
    },
    { name: "the engine's own part of a command step", unit: "ms", samples: over ?? [], target: 20 },
  ];
}

interface Drained {
  perSecond: number;
  /** Without the first two fifths, in which a new worker's code is not compiled yet. */
  warmPerSecond: number;
  /** Processor time of a run, in milliseconds: of all workers together, and of Postgres. */
  workerMs: number;
  postgresMs: number;
}

/** Runs that were queued before the workers came, from the first start to the last end. */
async function drain(
  fixture: EngineFixture,
  project: TestProject,
  options: { yaml: string; runs: number; workers: number; limits?: readonly ProcessorLimit[] },
): Promise<Drained> {
  const { yaml, runs, workers, limits = [] } = options;
  for (let count = 0; count < runs; count++) await fixture.start(project, yaml);
  const used = async (pids: number[]): Promise<[number, number]> => [
    (await Promise.all(pids.map(processorMs))).reduce((sum, one) => sum + one, 0),
    await postgresProcessorMs(fixture.sql),
  ];
  const started = await Promise.all(Array.from({ length: workers }, () => fixture.startWorker()));
  const pids = started.map(({ pid }) => pid);
  for (const [index, pid] of pids.entries()) await limits[index]?.add(pid);
  const before = await used(pids);
  const [row] = await untilRow(
    () => fixture.sql<{ left: number; seconds: number; warmSeconds: number }[]>`
      select count(*) filter (where status <> 'succeeded')::int as left,
        extract(epoch from max(finished_at) - min(started_at))::float as seconds,
        extract(epoch from max(finished_at) - percentile_disc(0.4) within group (order by finished_at))::float as "warmSeconds"
      from runs where project_id = ${project.id}`,
    ([one]) => one?.left === 0,
  );
  const after = await used(pids);
  await Promise.all(started.map((worker) => worker.kill("SIGTERM")));
  return {
    perSecond: runs / (row?.seconds ?? Number.NaN),
    warmPerSecond: (0.6 * runs) / (row?.warmSeconds ?? Number.NaN),
    workerMs: (after[0] - before[0]) / runs,
    postgresMs: (after[1] - before[1]) / runs,
  };
}

async function throughput(fixture: EngineFixture): Promise<Measurement[]> {
  const light = "name: T\nsteps:\n  - { type: notify, message: Done }\n";
  const command = "name: T\nsteps:\n  - { type: command, command: 'true' }\n";
  const [one, two]: Drained[][] = [[], []];
  const withSandbox: number[] = [];
  for (let round = 0; round < 3; round++) {
    one?.push(await drain(fixture, await fixture.project(files), { yaml: light, runs: 300, workers: 1 }));
    two?.push(await drain(fixture, await fixture.project(files), { yaml: light, runs: 300, workers: 2 }));
    const commands = await drain(fixture, await fixture.project(files), {
      yaml: command,
      runs: 30,
      workers: 1,
    });
    withSandbox.push(commands.perSecond);
  }
  const of = (drained: Drained[] | undefined, what: keyof Drained) => (drained ?? []).map((run) => run[what]);
  const cores = `${availableParallelism()} cores, with Postgres on them`;
  const linear = "a ratio of 1 would be a second worker that costs no run more";
  return [
    {
      name: "short runs without a sandbox, one worker",
      unit: "1/s",
      samples: of(one, "perSecond"),
      floor: 50,
      note: cores,
    },
    {
      name: "short runs without a sandbox, two workers",
      unit: "1/s",
      samples: of(two, "perSecond"),
      reference: { name: "one worker", samples: of(one, "perSecond") },
      note: cores,
    },
    {
      name: "processor time of such a run in the workers, two workers",
      unit: "ms",
      samples: of(two, "workerMs"),
      reference: { name: "one worker", samples: of(one, "workerMs") },
      note: linear,
    },
    {
      name: "processor time of such a run in Postgres, two workers",
      unit: "ms",
      samples: of(two, "postgresMs"),
      reference: { name: "one worker", samples: of(one, "postgresMs") },
      note: linear,
    },
    {
      name: "runs of one command, checkout and sandbox included, one worker",
      unit: "1/s",
      samples: withSandbox,
    },
  ];
}

/**
 * How much a second worker adds where a core is free for it: each worker gets a part of a core that leaves enough for
 * Postgres, which needs half as much again as the workers do. Each worker has the same number of runs, alone or not: code
 * that ran less often is slower.
 */
async function scaling(fixture: EngineFixture): Promise<Measurement[]> {
  const share = 0.15;
  const first = await limitProcessor("coder-bench-1", share);
  const second = await limitProcessor("coder-bench-2", share);
  if (first === undefined || second === undefined) {
    console.log("This account may make no control groups: how a second worker scales is not measured.");
    return [];
  }
  const limits = [first, second];
  const light = "name: T\nsteps:\n  - { type: notify, message: Done }\n";
  const drained = async (workers: number): Promise<number> => {
    const project = await fixture.project(files);
    const runs = 300 * workers;
    return (await drain(fixture, project, { yaml: light, runs, workers, limits })).warmPerSecond;
  };
  const ratios: number[] = [];
  const computing: number[] = [];
  const [one, two]: number[][] = [[], []];
  for (let round = 0; round < 5; round++) {
    const [alone, both] = [await drained(1), await drained(2)];
    one?.push(alone);
    two?.push(both);
    ratios.push(both / alone);
    computing.push((await computed(2)) / (await computed(1)));
  }
  await Promise.all(limits.map((limit) => limit.remove()));
  const note =
    "each worker has 0.15 of a core and 300 runs, Postgres the rest; without the first two fifths of the runs";
  return [
    {
      name: "short runs, two workers that do not share a core",
      unit: "1/s",
      samples: two ?? [],
      reference: { name: "one worker", samples: one ?? [] },
      note,
    },
    {
      name: "what a second worker makes of one",
      unit: "ratio",
      samples: ratios,
      floor: 1.8,
      reference: { name: "a second process that only computes", samples: computing },
      note,
    },
  ];
}

/** How much so many processes compute in a second that do nothing else: cores of a virtual machine may share one. */
async function computed(processes: number): Promise<number> {
  const script =
    "const end = performance.now() + 1000; let done = 0; for (; performance.now() < end; done++) for (let n = 0; n < 10000; n++) Math.hypot(n, done); console.log(done);";
  const outputs = await Promise.all(
    Array.from({ length: processes }, () => run(process.execPath, ["-e", script])),
  );
  return outputs.reduce((sum, { stdout }) => sum + Number(stdout), 0);
}

/** Memory of a worker that a thousand runs wait on, over what it has after as many that ended; and its processor time. */
async function waiting(fixture: EngineFixture): Promise<Measurement[]> {
  // The lease of `npm start`: how often a worker shows that it lives is part of what it costs.
  const worker = await fixture.startWorker({ env: { CODER_LEASE_MS: "6000" } });
  const project = await fixture.project(files);
  const yaml = "name: T\nsteps:\n  - { type: approve, reason: Go? }\n  - { type: notify, message: Done }\n";
  const rest = async (count: number, file: string): Promise<void> => {
    for (let index = 0; index < count; index++) await fixture.start(project, file);
    await untilRow(
      () =>
        fixture.sql<{ left: number }[]>`
          select count(*)::int as left from runs where wake_at is null and finished_at is null`,
      ([row]) => row?.left === 0,
    );
  };
  const park = (count: number): Promise<void> => rest(count, yaml);
  // What a burst of as many runs leaves behind stays, whether they wait or have ended.
  await rest(1000, "name: T\nsteps:\n  - { type: notify, message: Done }\n");
  await park(100);
  const before = await settled(worker.pid);
  await park(1000);
  const after = await settled(worker.pid);
  const busy = await processorShare(worker.pid, 30_000);
  return [
    {
      name: "memory of 1,000 waiting approvals",
      unit: "MB",
      samples: [after - before],
      target: 20,
      note: "over what the worker has after 1,000 runs that ended",
    },
    {
      name: "processor with 1,000 waiting approvals, of a core",
      unit: "%",
      samples: [busy * 100],
      target: 2,
    },
  ];
}

/** The least resident memory in half a minute, in MB: what the collector has given back by then. */
async function settled(pid: number): Promise<number> {
  let least = Infinity;
  for (let count = 0; count < 30; count++) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    least = Math.min(least, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    await pause(1000);
  }
  return least;
}

async function processorShare(pid: number, forMs: number): Promise<number> {
  const from = await processorMs(pid);
  await pause(forMs);
  return ((await processorMs(pid)) - from) / forMs;
}

/** The most memory that a worker takes while a command prints 1 GB, over what it had after its first command. */
async function printing(fixture: EngineFixture): Promise<Measurement[]> {
  const worker = await fixture.startWorker();
  const project = await fixture.project(files);
  const done = async (command: string): Promise<void> => {
    const runId = await fixture.start(
      project,
      `name: T\nsteps:\n  - { type: command, command: "${command}" }\n`,
    );
    await fixture.until(runId, ["succeeded"], 300_000);
  };
  const peak = async (): Promise<number> =>
    Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${worker.pid}/status`, "utf8"))?.[1]) / 1024;
  await done("true");
  // The peak is counted anew from here.
  await writeFile(`/proc/${worker.pid}/clear_refs`, "5");
  const before = await peak();
  await done(`yes ${"x".repeat(1023)} | head -c 1073741824`);
  return [
    {
      name: "memory while a command prints 1 GB, at its peak",
      unit: "MB",
      samples: [(await peak()) - before],
      target: 60,
    },
  ];
}

/** From the request to the last sign of life of a command, on one of two workers. */
async function cancelling(fixture: EngineFixture): Promise<Measurement[]> {
  await Promise.all([fixture.startWorker(), fixture.startWorker()]);
  const project = await fixture.project(files);
  // It says in the cache, which outlives the run, when it beat last.
  const yaml =
    "name: T\nsteps:\n  - { type: command, command: 'echo up; while true; do date +%s%N > $npm_config_cache.$CODER_RUN_ID; sleep 0.01; done' }\n";
  const samples: number[] = [];
  for (let round = 0; round < 10; round++) {
    const runId = await fixture.start(project, yaml);
    await fixture.untilEvent(runId, (events) => events.some((event) => event.type === "step.log"));
    const askedAt = Date.now();
    await fixture.cancel(runId);
    await fixture.until(runId, ["canceled"]);
    const beat = await readFile(`${fixture.directory}/work/cache/${project.id}/npm.${runId}`, "utf8");
    samples.push(Math.max(0, Number(beat) / 1e6 - askedAt));
  }
  return [
    { name: "cancel to the command's last sign of life, two workers", unit: "ms", samples, target: 1000 },
  ];
}

/** From kill -9 of a worker to the run going on on another one. */
async function takeOver(fixture: EngineFixture): Promise<Measurement[]> {
  const project = await fixture.project(files);
  const leaseMs = 3000;
  const yaml =
    "name: T\ndefaults: { on_interrupt: retry }\nsteps:\n  - { type: command, command: 'echo up; sleep 600' }\n";
  const samples: number[] = [];
  let worker = await fixture.startWorker({ env: { CODER_LEASE_MS: String(leaseMs) } });
  const runId = await fixture.start(project, yaml);
  for (let round = 1; round <= 5; round++) {
    await fixture.untilEvent(
      runId,
      (events) => events.filter((event) => event.type === "step.log").length >= round,
    );
    const next = await fixture.startWorker({ env: { CODER_LEASE_MS: String(leaseMs) } });
    // For one lease after its start a worker takes nobody for dead.
    await pause(leaseMs + 500);
    const killedAt = performance.now();
    await worker.kill("SIGKILL");
    await fixture.untilEvent(
      runId,
      (events) => events.filter((event) => event.type === "run.resumed").length >= round,
    );
    samples.push((performance.now() - killedAt) / leaseMs);
    worker = next;
  }
  await fixture.cancel(runId);
  return [{ name: "kill -9 to the run going on elsewhere, in leases", unit: "ratio", samples, target: 2 }];
}

/** Events stored as the engine does it, by four writers for ten seconds; then each is counted. */
async function eventRate(fixture: EngineFixture): Promise<Measurement[]> {
  const project = await fixture.project(files);
  const sql = connectDatabase(fixture.databaseUrl, { max: 4 });
  await addWorker(sql, "bench", "1");
  const redactor = makeRedactor([]);
  const events = makeRunEvents({ sql, workerId: "bench", redactorOf: () => redactor });
  const batch = 50;
  const forMs = 10_000;
  const startedAt = performance.now();
  let written = 0;
  const counts: { runId: string; count: number }[] = [];
  const perSecond: number[] = [];
  const sampler = setInterval(() => {
    perSecond.push(written);
    written = 0;
  }, 1000);
  await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const runId = await fixture.start(project, "name: T\nsteps:\n  - { type: command, command: 'true' }\n");
      let count = 0;
      while (performance.now() - startedAt < forMs) {
        const chunk = () => ({ stream: "out" as const, text: `line ${count} of the log\n`, at: Date.now() });
        await events.append(
          runId,
          ...Array.from({ length: batch }, () => ({
            key: `log:s1:1:${(count += 1)}`,
            event: { type: "step.log" as const, stepId: "s1", chunks: [chunk()] },
          })),
        );
        written += batch;
      }
      counts.push({ runId, count });
    }),
  );
  clearInterval(sampler);
  let lost = 0;
  for (const { runId, count } of counts) {
    const [row] = await sql<{ stored: number; last: number }[]>`
      select count(*)::int as stored, max(seq)::int as last from run_events where run_id = ${runId} and event ->> 'type' = 'step.log'`;
    lost += count - (row?.stored ?? 0);
    if (row?.last !== count + 1) throw new Error(`The events of run ${runId} have gaps`);
  }
  await sql.end();
  if (lost > 0) throw new Error(`${lost} events were lost`);
  return [{ name: "events stored by four writers, none lost", unit: "1/s", samples: perSecond, floor: 5000 }];
}

async function untilRow<T>(query: () => Promise<T>, holds: (rows: T) => boolean): Promise<T> {
  const until = performance.now() + 300_000;
  for (;;) {
    const rows = await query();
    if (holds(rows)) return rows;
    if (performance.now() > until) throw new Error(`It did not get there: ${JSON.stringify(rows)}`);
    await pause(100);
  }
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
