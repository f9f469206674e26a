import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  // Two, for a group must hold across workers.
  await Promise.all([fixture.startWorker(), fixture.startWorker()]);
  project = await fixture.project({ "a.txt": "a" });
});
afterAll(() => fixture.close());

const ended = ["succeeded", "failed", "canceled"];
const yaml = (concurrency: string, command = "sleep 0.3"): string =>
  `name: T\nconcurrency: ${concurrency}\nsteps:\n  - { type: command, command: '${command}' }\n`;
const numberOf = async (runId: string): Promise<number> =>
  (await fixture.sql`select number from runs where id = ${runId}`)[0]!["number"];

test("W61 with queue, runs of a group start in order, no more at once than its max, on however many workers", async () => {
  const runIds: string[] = [];
  for (let count = 0; count < 6; count++)
    runIds.push(await fixture.start(project, yaml("{ group: release, max: 2 }")));
  for (const runId of runIds) await fixture.until(runId, ended);
  const rows =
    await fixture.sql`select id, number, started_at, finished_at from runs where id = any(${runIds}) order by admitted_at`;
  expect(rows.map((row) => row["id"])).toEqual(runIds);
  for (const row of rows) {
    const together = rows.filter(
      (one) => one["started_at"] <= row["started_at"] && one["finished_at"] > row["started_at"],
    );
    expect(together.length).toBeLessThanOrEqual(2);
  }
  const [, , third] = runIds;
  const types = (await fixture.events(third!)).map((event) => event.type);
  expect(types.slice(0, 4)).toEqual(["run.queued", "run.held", "run.released", "run.started"]);
  expect((await fixture.events(third!))[1]).toEqual({
    type: "run.held",
    group: "release",
    max: 2,
    holders: [rows[0]!["number"], rows[1]!["number"]],
  });
});

test("W61 groups of other names and of other projects do not wait for each other", async () => {
  const other = await fixture.project({ "a.txt": "a" });
  const hold = await fixture.start(project, yaml("{ group: hold }", "sleep 600"));
  await fixture.until(hold, ["running"]);
  const free = [
    await fixture.start(other, yaml("{ group: hold }", "true")),
    await fixture.start(project, yaml("{ group: 'ho${{ 1 }}ld' }", "true")),
    await fixture.start(project, "name: T\nsteps:\n  - { type: command, command: 'true' }\n"),
  ];
  for (const runId of free) await fixture.until(runId, ["succeeded"]);
  expect((await fixture.run(hold)).status).toBe("running");
  await fixture.cancel(hold);
  await fixture.until(hold, ended);
});

test("W61 a run that waits for its group is canceled at once, and is passed over", async () => {
  const hold = await fixture.start(project, yaml("{ group: c }", "sleep 600"));
  const second = await fixture.start(project, yaml("{ group: c }", "true"));
  const third = await fixture.start(project, yaml("{ group: c }", "true"));
  await fixture.until(hold, ["running"]);
  await fixture.cancel(second);
  expect((await fixture.run(second)).status).toBe("canceled");
  await fixture.cancel(hold);
  await fixture.until(third, ["succeeded"]);
});

test("W62 with cancel_oldest the oldest of the group is asked to stop, and is told why", async () => {
  const group = "{ group: d, when_full: cancel_oldest }";
  const first = await fixture.start(project, yaml(group, "sleep 600"));
  await fixture.until(first, ["running"]);
  const second = await fixture.start(project, yaml(group, "sleep 600"));
  const third = await fixture.start(project, yaml(group, "true"));
  for (const runId of [first, second, third]) await fixture.until(runId, ended);
  const reason = `Run #${await numberOf(second)} takes its place in the group d (at most 1 at once).`;
  expect(await fixture.events(first)).toContainEqual({ type: "cancel.requested", by: null, reason });
  expect(await fixture.run(first)).toMatchObject({
    status: "canceled",
    failure: { code: "canceled", message: reason },
  });
  expect((await fixture.run(second)).status).toBe("canceled");
  expect((await fixture.run(third)).status).toBe("succeeded");
});

test("W62 with skip a run that finds its group full ends at once, and names who has it", async () => {
  const group = "{ group: e, when_full: skip }";
  const first = await fixture.start(project, yaml(group, "sleep 600"));
  const second = await fixture.start(project, yaml(group, "true"));
  expect(await fixture.run(second)).toMatchObject({
    status: "canceled",
    failure: {
      code: "skipped_concurrency",
      message: `The group e was full (at most 1 at once): run #${await numberOf(first)} has it.`,
    },
  });
  await fixture.cancel(first);
  await fixture.until(first, ended);
  const third = await fixture.start(project, yaml(group, "true"));
  await fixture.until(third, ["succeeded"]);
});

test("W61 many starts and ends at once never fill a group beyond its max, and nobody is forgotten", async () => {
  const runIds = await Promise.all(
    Array.from({ length: 12 }, () => fixture.start(project, yaml("{ group: f, max: 1 }", "sleep 0.02"))),
  );
  for (const runId of runIds) await fixture.until(runId, ["succeeded"]);
  const overlaps = await fixture.sql`
    select 1 from runs a join runs b on a.id < b.id and a.started_at < b.finished_at and b.started_at < a.finished_at
    where a.id = any(${runIds}) and b.id = any(${runIds})`;
  expect(overlaps).toHaveLength(0);
});

test("W61 what waits for a group whose holder was deleted goes on", async () => {
  const hold = await fixture.start(
    project,
    "name: T\nconcurrency: { group: g }\nsteps:\n  - { type: approve, reason: Go? }\n",
  );
  await fixture.until(hold, ["waiting"]);
  const second = await fixture.start(project, yaml("{ group: g }", "true"));
  await fixture.sql`delete from runs where id = ${hold}`;
  await fixture.until(second, ended, 20_000);
  expect((await fixture.run(second)).status).toBe("succeeded");
});
