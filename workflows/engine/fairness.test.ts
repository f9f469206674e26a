import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
beforeAll(async () => {
  fixture = await startEngineFixture();
});
afterAll(() => fixture.close());

const slots = 2;
const quick = "name: T\nsteps:\n  - { type: command, command: 'true' }\n";

test("W63 an organisation with one run does not wait behind another's two hundred", async () => {
  const a = await fixture.project({ "a.txt": "a" });
  const b = await fixture.project({ "b.txt": "b" }, await fixture.anotherOrg());
  for (let count = 0; count < 200; count++) await fixture.start(a, quick);
  const workers = await Promise.all(
    [1, 2].map(() => fixture.startWorker({ env: { CODER_MAX_STEPS: String(slots) } })),
  );
  // They are at work on the first organisation's runs.
  await expect
    .poll(() => fixture.sql`select 1 from runs where project_id = ${a.id} and status = 'succeeded' limit 1`, {
      timeout: 60_000,
    })
    .toHaveLength(1);
  const runId = await fixture.start(b, quick);
  await fixture.until(runId, ["succeeded"]);
  const [{ before }] = (await fixture.sql`
    select count(*)::int as before from step_runs s join runs r on r.id = s.run_id, runs one, step_runs first
    where r.project_id = ${a.id} and one.id = ${runId} and first.run_id = one.id
      and s.started_at > one.created_at and s.started_at < first.started_at`) as any;
  // A place becomes free, and it is this organisation's turn: on each worker no more than its slots go before.
  expect(before).toBeLessThanOrEqual(slots * 2);
  const left = await fixture.sql`select id from runs where project_id = ${a.id} and status = 'queued'`;
  expect(left.length).toBeGreaterThan(100);
  await Promise.all(workers.map((worker) => worker.kill("SIGKILL")));
});

test("W63 long runs that fill a worker do not keep another organisation out", async () => {
  const a = await fixture.project({ "a.txt": "a" });
  const b = await fixture.project({ "b.txt": "b" }, await fixture.anotherOrg());
  await fixture.sql`delete from runs`;
  await fixture.startWorker({ env: { CODER_MAX_STEPS: "1" } });
  const long =
    "name: T\nsteps:\n  - { type: command, command: 'sleep 1' }\n  - { type: command, command: 'sleep 1' }\n";
  const first = await fixture.start(a, long);
  for (let count = 0; count < 20; count++) await fixture.start(a, long);
  await fixture.until(first, ["running"]);
  const runId = await fixture.start(b, quick);
  await fixture.until(runId, ["succeeded"]);
  const done = await fixture.sql`select 1 from runs where project_id = ${a.id} and status = 'succeeded'`;
  expect(done.length).toBeLessThanOrEqual(2);
});
