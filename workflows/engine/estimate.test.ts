import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { policiesSchema } from "../../shared/workflow/schema.ts";
import { estimateCredits, toEstimate } from "./estimate.ts";
import { startEngineFixture, type EngineFixture } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
beforeAll(async () => {
  fixture = await startEngineFixture();
  await fixture.startWorker();
});
afterAll(() => fixture.close());

const step = (name: string) => ({ id: name, name }) as any;

test("W70 an estimate is the median and the range of earlier runs, of the whole and of each step by name", () => {
  const plan = { steps: [step("a"), step("new")] };
  const runs = [
    { durationMs: 100, steps: { a: 10 } },
    { durationMs: 300, steps: { a: 30, gone: 1 } },
    { durationMs: 200, steps: {} },
  ];
  expect(toEstimate(runs, plan)).toEqual({
    runs: 3,
    durationMs: { median: 200, low: 100, high: 300 },
    steps: [
      { id: "a", name: "a", runs: 2, durationMs: { median: 20, low: 10, high: 30 } },
      { id: "new", name: "new", runs: 0, durationMs: null },
    ],
  });
});

test("W277 the credits of an estimate: the worst case of every attempt, and what earlier times would cost now", () => {
  const command = (name: string, timeoutSec: number, onFailure: object = { type: "fail_fast" }) =>
    ({ id: name, name, type: "command", timeoutSec, onFailure }) as any;
  const retry = { type: "retry", max_attempts: 3, backoff_sec: 0 };
  const deploy = {
    id: "d",
    name: "d",
    type: "deploy",
    timeoutSec: 900,
    onFailure: { type: "fail_fast" },
  } as any;
  const plan = {
    steps: [command("a", 60), command("b", 30, retry), deploy],
    policies: policiesSchema.parse({ budget: { max_credits: 0.5 } }),
  };
  const prices = { commandMinute: 250 };
  expect(estimateCredits([], plan, prices)).toEqual({ worst: 0.625, likely: null, budget: 0.5 });
  const runs = [
    { durationMs: 9, steps: { a: 6000, b: 12_000, d: 60_000 } },
    { durationMs: 9, steps: { a: 12_000 } },
  ];
  expect(estimateCredits(runs, plan, prices)?.likely).toEqual({ median: 0.063, low: 0.05, high: 0.075 });
  expect(estimateCredits(runs, plan, { commandMinute: 0 })).toBeUndefined();
});

test("W70 a dry run does everything up to the first effect outside, and estimates the real one", async () => {
  const project = await fixture.project({ "site/index.html": "<h1>x</h1>" });
  const yaml = [
    "name: T",
    "steps:",
    "  - { step_id: build, type: command, command: 'mkdir dist; cp site/index.html dist; echo built' }",
    "  - { step_id: ok, type: approve, reason: Go? }",
    "  - { step_id: show, type: deploy, target: preview }",
  ].join("\n");
  const estimate = async () => {
    const runId = await fixture.start(project, yaml, { dryRun: true });
    await fixture.until(runId, ["succeeded"]);
    expect(await fixture.log(runId, "build")).toBe("built\n");
    expect(
      await fixture.sql`select 1 from deployments where project_id = ${project.id} and run_id = ${runId}`,
    ).toEqual([]);
    const [row] = await fixture.sql`select data from artifacts where run_id = ${runId} and kind = 'metrics'`;
    return row!["data"];
  };
  expect(await estimate()).toEqual({
    runs: 0,
    message: "This workflow has not succeeded yet, so there is nothing to estimate from.",
  });
  const real = await fixture.start(project, yaml);
  await fixture.until(real, ["waiting"]);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await fixture.decide(real, "approved");
  await fixture.until(real, ["succeeded"]);
  const told = await estimate();
  expect(told).toMatchObject({
    runs: 1,
    steps: [{ id: "build", runs: 1 }, { id: "ok" }, { id: "show", runs: 1 }],
  });
  // The time that it waited for somebody is nobody's estimate.
  const [{ whole }] = (await fixture.sql`
    select extract(epoch from finished_at - started_at) * 1000 as whole from runs where id = ${real}`) as any;
  expect(told.durationMs.median).toBeLessThan(Number(whole) - 1900);
});
