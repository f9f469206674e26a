import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  await Promise.all([1, 2].map(() => fixture.startWorker({ env: { CODER_MAX_STEPS: "2" } })));
  project = await fixture.project({ "a.txt": "a" });
});
afterAll(() => fixture.close());

/**
 * In milliseconds. The second of the rule is measured by `npm run bench execution`; here, beside other tests, what matters is
 * that nothing waits for an end that does not come: the grace of 15 s, a pause, a poll.
 */
const prompt = 5000;
const beating =
  "name: T\nsteps:\n  - { type: command, command: 'while true; do date +%s%N > beat; sleep 0.02; done' }\n";
const beatOf = (runId: string): string => {
  try {
    return readFileSync(join(fixture.directory, "work/runs", runId, "repo/beat"), "utf8");
  } catch {
    return "";
  }
};

/** Asks the run to stop, and returns how long it took, in milliseconds. */
async function cancel(runId: string): Promise<number> {
  const askedAt = performance.now();
  await fixture.cancel(runId);
  await fixture.until(runId, ["canceled"]);
  return performance.now() - askedAt;
}

test("W65 commands at work on either worker are dead at once", async () => {
  // Four slots, so four runs on two workers; and one that finds no slot.
  const runIds: string[] = [];
  for (let count = 0; count < 4; count++) runIds.push(await fixture.start(project, beating));
  for (const runId of runIds) await expect.poll(() => beatOf(runId), { timeout: 30_000 }).not.toBe("");
  const workers = await fixture.sql`select distinct taken_by from runs where id = any(${runIds})`;
  expect(workers).toHaveLength(2);
  const late = await fixture.start(project, beating);
  expect(await cancel(late)).toBeLessThan(prompt);
  for (const runId of runIds) {
    const askedAt = Date.now();
    expect(await cancel(runId)).toBeLessThan(prompt);
    // The command wrote when it beat last, in nanoseconds; the file may be gone with the run by now.
    const last = Number(beatOf(runId).slice(0, 13));
    expect(last - askedAt).toBeLessThan(prompt);
  }
});

test("W65 a run is canceled at once in the pause between two attempts", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: exit 1, on_failure: { type: retry, max_attempts: 3, backoff_sec: 600 } }\n",
  );
  await expect
    .poll(
      () =>
        fixture.sql`select 1 from dbos.operation_outputs where workflow_uuid = ${`${runId}/s1/1`} and function_name = 'attempt 1'`,
      { timeout: 20_000, interval: 20 },
    )
    .toHaveLength(1);
  const canceledAt = performance.now();
  await fixture.cancel(runId);
  await fixture.until(runId, ["canceled"]);
  expect(performance.now() - canceledAt).toBeLessThan(prompt);
  expect((await fixture.steps(runId)).s1).toMatchObject({ status: "canceled", execs: 1 });
});

test("W65 a run that waits for people is canceled at once", async () => {
  const runId = await fixture.start(project, "name: T\nsteps:\n  - { type: approve, reason: Go? }\n");
  await fixture.until(runId, ["waiting"]);
  expect(await cancel(runId)).toBeLessThan(prompt);
});

test("W65 what no worker has started ends in the moment it is asked", async () => {
  const hold = await fixture.start(project, `${beating}concurrency: { group: a }\n`);
  const held = await fixture.start(project, `${beating}concurrency: { group: a }\n`);
  await fixture.cancel(held);
  expect(await fixture.run(held)).toMatchObject({ status: "canceled", failure: { code: "canceled" } });
  expect((await fixture.events(held)).map((event) => event.type)).toEqual([
    "run.queued",
    "run.held",
    "cancel.requested",
    "run.finished",
  ]);
  expect(await cancel(hold)).toBeLessThan(prompt);
});

test("W64 the pause between attempts doubles", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: exit 1, on_failure: { type: retry, max_attempts: 3, backoff_sec: 0.4 } }\n",
  );
  await fixture.until(runId, ["failed"]);
  const rows = await fixture.sql`
    select extract(epoch from at - lag(at) over (order by seq))::float as pause from run_events where run_id = ${runId} and event ->> 'type' = 'step.started'`;
  const [, first, second] = rows.map((row) => Number(row.pause));
  expect(first).toBeGreaterThanOrEqual(0.4);
  expect(second).toBeGreaterThanOrEqual(0.8);
});
