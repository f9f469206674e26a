import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { whatIf, decisionOf } from "../../shared/policy/whatIf.ts";
import type { RunEvent } from "../../shared/run/events.ts";
import { policiesSchema } from "../../shared/workflow/schema.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

/** A second of a command costs a credit. */
const price = { CODER_CREDITS_PER_MINUTE: "60" };
const ended = ["succeeded", "failed", "canceled"];

let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  project = await fixture.project({ "hello.txt": "hello\n" });
});
afterAll(() => fixture.close());

/** The worker with the price, while it is there; nobody else takes runs then. */
let priced: ReturnType<EngineFixture["startWorker"]> | undefined;
const startPriced = () => (priced ??= fixture.startWorker({ env: price }));
async function stopPriced(): Promise<void> {
  await (await priced)?.kill("SIGTERM");
  priced = undefined;
}
const start = (lines: string[], dryRun = false) =>
  fixture.start(project, ["name: T", ...lines].join("\n"), { dryRun });
/** Runs it to its end where a command has its price. */
async function run(lines: string[], options: { dryRun?: boolean } = {}): Promise<string> {
  await startPriced();
  const runId = await start(lines, options.dryRun);
  await fixture.until(runId, ended);
  return runId;
}
const ofType = <T extends RunEvent["type"]>(events: RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
const holds = (runId: string) =>
  fixture.sql<{ key: string; amount: number; status: string; spent: number }[]>`
    select key, amount::float8 as amount, status, spent::float8 as spent from holds where run_id = ${runId} order by key`;
const budget = (credits: number) => `policies: { budget: { max_credits: ${credits} } }`;

test("W270 a command pays for the time that it took, at the price that its run began with", async () => {
  const runId = await run([
    budget(30),
    "steps:",
    "  - { type: command, command: sleep 1, timeout_sec: 20 }",
    "  - { type: command, command: exit 3, timeout_sec: 20, on_failure: { type: retry, max_attempts: 2 } }",
  ]);
  const events = await fixture.events(runId);
  expect(ofType(events, "run.started")[0]).toMatchObject({ prices: { commandMinute: 60_000 } });
  const spent = ofType(events, "credits.spent");
  // Each attempt is a command that ran.
  expect(spent.map(({ stepId, item }) => [stepId, item])).toEqual([
    ["s1", "command"],
    ["s2", "command"],
    ["s2", "command"],
  ]);
  expect(spent[0]!.millicredits).toBeGreaterThanOrEqual(1000);
  expect(spent[0]!.millicredits).toBeLessThanOrEqual(20_000);
  expect(await holds(runId)).toMatchObject([
    { key: "s1:1:command", amount: 20_000, status: "settled", spent: spent[0]!.millicredits },
    { key: "s2:1:command", amount: 20_000, status: "settled" },
    { key: "s2:2:command", amount: 20_000, status: "settled" },
  ]);
});

test("W275 a command that could pass the budget is not run: the denial names its rule, what is left, and what to do", async () => {
  const runId = await run([
    budget(30),
    "steps:",
    "  - { step_id: long, type: command, command: touch ran, timeout_sec: 31, on_failure: { type: continue } }",
    "  - { step_id: short, type: command, command: test ! -e ran, timeout_sec: 29 }",
  ]);
  const events = await fixture.events(runId);
  const [denied] = ofType(events, "policy.denied");
  expect(denied).toMatchObject({
    stepId: "long",
    rule: "budget.max_credits",
    action: "credits.reserve",
    message:
      "This command can cost up to 31 cr, and 30 cr of policies.budget.max_credits (30 cr) is left: 0 cr spent. Lower the step's timeout_sec, or raise max_credits.",
    input: { credits: { item: "command", wanted: 31_000, spent: 0, held: 0 } },
  });
  expect(await fixture.steps(runId)).toMatchObject({
    long: { status: "failed", failure: { code: "policy_denied", message: denied!.message } },
    short: { status: "succeeded" },
  });
  expect(
    await fixture.sql`
    select decision, rule, entry::jsonb ->> 'stepId' as step from audit_log
    where run_id = ${runId} and action = 'credits.reserve' order by seq`,
  ).toEqual([
    { decision: "deny", rule: "budget.max_credits", step: "long" },
    { decision: "allow", rule: "budget.max_credits", step: "short" },
  ]);
});

test("W271 of steps that run side by side the one that the budget has no room for is refused while the other runs", async () => {
  const runId = await run([
    budget(50),
    "steps:",
    "  - { step_id: a, type: command, command: sleep 3, timeout_sec: 30, needs: [], on_failure: { type: continue } }",
    "  - { step_id: b, type: command, command: sleep 3, timeout_sec: 30, needs: [], on_failure: { type: continue } }",
  ]);
  const steps = Object.values(await fixture.steps(runId)).map((step) => step.status);
  expect(steps.sort()).toEqual(["failed", "succeeded"]);
  const [denied] = ofType(await fixture.events(runId), "policy.denied");
  expect(denied!.message).toContain("30 cr held for what runs beside it");
});

test("W276 without a price nothing is held, paid or refused, whatever the budget", async () => {
  await stopPriced();
  const free = await fixture.startWorker();
  const runId = await start([budget(0), "steps:", "  - { type: command, command: 'true' }"]);
  await fixture.until(runId, ended);
  await free.kill("SIGTERM");
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded" });
  const types = (await fixture.events(runId)).map((event) => event.type);
  expect(types).not.toContain("credits.spent");
  expect(types).not.toContain("policy.allowed");
  expect(await holds(runId)).toEqual([]);
});

test.each(["mid-command", "after-command-before-event"])(
  "W273 killed at %s, the step is paid once and nothing stays held",
  async (point) => {
    await stopPriced();
    const doomed = await fixture.startWorker({ env: { ...price, CODER_CRASH_AT: point } });
    const command =
      "  - { type: command, command: echo hi; sleep 0.2, timeout_sec: 20, on_interrupt: retry }";
    // Two of them would not fit: what a dead worker held is free again.
    const runId = await start([budget(30), "steps:", command]);
    await doomed.exited;
    // A later price does not touch a run that has begun.
    const second = await fixture.startWorker({ env: { CODER_CREDITS_PER_MINUTE: "600" } });
    await fixture.until(runId, ended);
    await second.kill("SIGTERM");
    expect(await fixture.run(runId)).toMatchObject({ status: "succeeded" });
    const spent = ofType(await fixture.events(runId), "credits.spent");
    expect(spent).toHaveLength(1);
    expect(await holds(runId)).toMatchObject([
      { key: "s1:1:command", amount: 20_000, status: "settled", spent: spent[0]!.millicredits },
    ]);
  },
);

test("W273 a command that is canceled pays for the time that it had", async () => {
  await startPriced();
  const runId = await start(["steps:", "  - { type: command, command: echo on; sleep 60, timeout_sec: 90 }"]);
  await fixture.untilEvent(runId, (events) => ofType(events, "step.log").length > 0);
  await fixture.cancel(runId);
  await fixture.until(runId, ended);
  const [hold] = await holds(runId);
  expect(hold).toMatchObject({ status: "settled" });
  expect(hold!.spent).toBeLessThan(60_000);
});

test("W146 the what-if tries another budget on what was reserved", async () => {
  const runId = await run(["steps:", "  - { type: command, command: 'true', timeout_sec: 20 }"]);
  const decisions = (await fixture.events(runId)).flatMap(
    (event) => decisionOf({ id: runId, number: 1 }, event) ?? [],
  );
  expect(decisions).toMatchObject([{ answer: "allow", rule: "default" }]);
  const under = (max_credits: number) => whatIf(decisions, policiesSchema.parse({ budget: { max_credits } }));
  expect(under(20)).toEqual([]);
  expect(under(19.999)).toMatchObject([
    { action: "credits.reserve", newAnswer: "deny", newRule: "budget.max_credits" },
  ]);
});

test("W277 a dry run costs its commands, and says the most that the real one can cost", async () => {
  const steps = [
    "steps:",
    "  - { type: command, command: 'true', timeout_sec: 20 }",
    "  - { type: command, command: 'true', timeout_sec: 15 }",
  ];
  const runId = await run([budget(30), ...steps], { dryRun: true });
  const [row] = await fixture.sql`select data from artifacts where run_id = ${runId} and kind = 'metrics'`;
  expect(row!["data"]).toMatchObject({ credits: { worst: 35, budget: 30 } });
  expect(ofType(await fixture.events(runId), "credits.spent")).toHaveLength(2);
});
