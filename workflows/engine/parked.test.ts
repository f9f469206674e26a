import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

/** Runs that wait for people: no worker has them in memory, and whatever happens brings them back once. */
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
const asks = "name: T\nsteps:\n  - { type: approve, reason: Go? }\n  - { type: notify, message: Done }\n";

/** Where the engine has the run's workflow. */
async function place(runId: string) {
  const [row] = await fixture.sql<{ status: string; queue: string | null; executor: string | null }[]>`
    select status, queue_name as queue, executor_id as executor from dbos.workflow_status where workflow_uuid = ${runId}`;
  return row;
}

const parked = { status: "ENQUEUED", queue: "parked", executor: null };

function untilParked(runId: string): Promise<void> {
  return vi.waitFor(async () => expect(await place(runId)).toEqual(parked), {
    timeout: 60_000,
    interval: 20,
  });
}

function count(events: { type: string }[], type: string): number {
  return events.filter((event) => event.type === type).length;
}

test("W210 a waiting run is no worker's; a decision brings it back to the worker that has its files", async () => {
  const workers = await Promise.all([fixture.startWorker(), fixture.startWorker()]);
  const yaml =
    "name: T\nsteps:\n  - { type: command, command: 'echo made > made.txt' }\n  - { type: approve, reason: Go? }\n  - { type: command, command: cat made.txt }\n";
  const runId = await fixture.start(project, yaml);
  await untilParked(runId);
  const [{ taken_by: owner } = { taken_by: "" }] =
    await fixture.sql`select taken_by from runs where id = ${runId}`;
  expect(workers.map((worker) => worker.id)).toContain(owner);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  expect(await fixture.log(runId, "s3")).toBe("made\n");
  const events = await fixture.events(runId);
  // Nobody took it over from anybody.
  expect([count(events, "run.started"), count(events, "run.resumed")]).toEqual([1, 0]);
  const [row] = await fixture.sql`select taken_by, wake_at from runs where id = ${runId}`;
  expect(row).toEqual({ taken_by: owner, wake_at: null });
  await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
});

test("W210 the worker dies while runs are parked: another one goes on with the decided, and the others stay parked", async () => {
  const first = await fixture.startWorker();
  const runs = await Promise.all([1, 2, 3].map(() => fixture.start(project, asks)));
  await Promise.all(runs.map(untilParked));
  await first.kill("SIGKILL");
  const [decided, rejected, waiting] = runs as [string, string, string];
  // Nobody is there to be told.
  await fixture.decide(decided, "approved");
  await fixture.decide(rejected, "rejected");
  const second = await fixture.startWorker();
  await Promise.all([decided, rejected].map((runId) => fixture.until(runId, ended)));
  expect((await fixture.run(decided)).status).toBe("succeeded");
  expect(await fixture.run(rejected)).toMatchObject({ status: "failed", failure: { code: "rejected" } });
  expect(await place(waiting)).toEqual(parked);
  await fixture.cancel(waiting);
  await fixture.until(waiting, ended);
  expect((await fixture.run(waiting)).status).toBe("canceled");
  await second.kill("SIGTERM");
});

test("W210 decisions in the very moment that runs are parked: none is missed, none counts twice", async () => {
  const workers = await Promise.all([fixture.startWorker(), fixture.startWorker()]);
  const twice =
    "name: T\nsteps:\n  - { type: approve, reason: One? }\n  - { type: approve, reason: Two? }\n  - { type: notify, message: Done }\n";
  const runs = await Promise.all(Array.from({ length: 20 }, () => fixture.start(project, twice)));
  const question = (runId: string) =>
    fixture.sql`select 1 from approvals where run_id = ${runId} and status = 'waiting'`;
  await Promise.all(
    runs.map(async (runId) => {
      for (let round = 1; round <= 2; round += 1) {
        await vi.waitFor(async () => expect(await question(runId)).toHaveLength(1), {
          timeout: 60_000,
          interval: 1,
        });
        await fixture.decide(runId, "approved");
      }
      await fixture.until(runId, ended);
    }),
  );
  for (const runId of runs) {
    expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
    const events = await fixture.events(runId);
    expect([count(events, "step.waiting"), count(events, "approval.decided")]).toEqual([2, 2]);
    expect([count(events, "step.finished"), count(events, "run.finished")]).toEqual([3, 1]);
  }
  await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
});

test("W211 questions that nobody answers expire once each, with several workers looking; a question asked with a deadline further off stays", async () => {
  const workers = await Promise.all([fixture.startWorker(), fixture.startWorker()]);
  const yaml = (seconds: number): string =>
    `name: T\npolicies: { gates: { expires_sec: ${seconds} } }\nsteps:\n  - { type: approve, reason: Go? }\n`;
  const later = await fixture.start(project, yaml(3600));
  const runs = await Promise.all([1, 2, 3, 4].map(() => fixture.start(project, yaml(2))));
  for (const runId of runs) {
    await fixture.until(runId, ended);
    expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "expired" } });
    const events = await fixture.events(runId);
    expect(count(events, "approval.decided")).toBe(1);
    const [approval] = await fixture.sql<{ early: boolean }[]>`
      select decided_at < expires_at as early from approvals where run_id = ${runId}`;
    // Not before its time.
    expect(approval!.early).toBe(false);
  }
  await untilParked(later);
  await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
});

test("W215 canceled in the moment that such a step begins: the run ends canceled, and nobody is told", async () => {
  const worker = await fixture.startWorker();
  const runId = await fixture.start(project, asks);
  await untilParked(runId);
  const [approval] = await fixture.sql`select id, content_hash from approvals where run_id = ${runId}`;
  const claims = JSON.stringify({ sub: fixture.ownerId, role: "authenticated" });
  await fixture.sql.begin(async (tx) => {
    await tx`select set_config('request.jwt.claims', ${claims}, true)`;
    await tx`select public.decide_approval(${approval!.id}, 'approved', ${approval!.content_hash})`;
    await tx`select public.cancel_run(${runId})`;
  });
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "canceled", failure: { code: "canceled" } });
  expect((await fixture.steps(runId)).s2!.status).toBe("canceled");
  expect(await fixture.sql`select 1 from notifications where run_id = ${runId}`).toHaveLength(0);
  await worker.kill("SIGTERM");
});

test("W215 a run from before keeps the shape that it has journaled: a workflow for each step", async () => {
  const runId = await fixture.start(project, "name: T\nsteps:\n  - { type: notify, message: Done }\n");
  await fixture.sql`update runs set snapshot = snapshot || '{"engineVersion": "1"}' where id = ${runId}`;
  const worker = await fixture.startWorker();
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  const steps =
    await fixture.sql`select workflow_uuid as id from dbos.workflow_status where workflow_uuid like ${`${runId}/%`}`;
  expect(steps.map((row) => row.id)).toEqual([`${runId}/s1/1`]);
  await worker.kill("SIGTERM");
});
