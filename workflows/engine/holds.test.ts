import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { decideRequest } from "../../shared/policy/decideRequest.ts";
import type { StoredRunEvent } from "../../shared/run/events.ts";
import { emptyRunView, reduceRunEvents } from "../../shared/run/reduceRun.ts";
import { policiesSchema } from "../../shared/workflow/schema.ts";
import { createTestDatabase, type TestDatabase } from "../../supabase/local/testing.ts";
import { connectDatabase, isFenced, type Sql } from "./database.ts";
import { addWorker } from "./sql/addWorker.ts";
import { appendRunEvents } from "./sql/appendRunEvents.ts";
import { beginStep } from "./sql/beginStep.ts";
import { reserveCredits } from "./sql/reserveCredits.ts";
import { settleCredits } from "./sql/settleCredits.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 240_000 });

let database: TestDatabase;
let sql: Sql;
let projectId: string;
const workerId = "worker";
const stepIds = ["a", "b", "c"];
beforeAll(async () => {
  database = await createTestDatabase();
  // As many connections as steps go on at once.
  sql = connectDatabase(database.databaseUrl, { max: 8 });
  const userId = randomUUID();
  await sql`insert into auth.users (id, email) values (${userId}, 'a@example.com')`;
  const [project] = await sql<{ id: string }[]>`
    insert into projects (org_id, slug, name, source) select org_id, 'p', 'p', 'upload' from members where user_id = ${userId} returning id`;
  projectId = project!.id;
  await addWorker(sql, workerId, "1");
});
afterAll(async () => {
  await sql.end();
  await database.close();
});

async function newRun(): Promise<string> {
  const runId = randomUUID();
  const steps = stepIds.map((id) => ({ id, type: "command", name: id, needs: [] }));
  await sql`select start_run(${runId}, ${projectId}, 'workflow', 'x.yaml', 'X', 'main', 'c', 'manual', '{}', '{}', ${sql.json(steps)})`;
  const event = { type: "run.started" as const, workerId };
  await appendRunEvents(sql, { runId, workerId, events: [{ key: "run.started", event }] });
  return runId;
}

const reserve = (runId: string, stepId: string, key: string, amount: number, max: number | null = null) =>
  reserveCredits(sql, { runId, stepId, key, item: "command", amount, max, workerId });
const settle = (runId: string, key: string, spent: number) =>
  settleCredits(sql, { runId, key, spent, workerId });
const begin = (runId: string, stepId: string) => beginStep(sql, { runId, stepId, workerId, events: [] });

async function sums(runId: string): Promise<{ spent: number; held: number }> {
  const [row] = await sql<{ spent: number; held: number }[]>`
    select coalesce(sum(spent), 0)::float8 as spent, coalesce(sum(amount) filter (where status = 'held'), 0)::float8 as held
    from holds where run_id = ${runId}`;
  return row!;
}

async function viewOf(runId: string) {
  const rows = await sql<{ seq: number; event: StoredRunEvent["event"] }[]>`
    select seq, event from run_events where run_id = ${runId} order by seq`;
  const events = rows.map(({ seq, event }) => ({ runId, seq, at: "2026-01-01T00:00:00Z", event }));
  return reduceRunEvents(emptyRunView(runId), events);
}

async function finish(runId: string): Promise<void> {
  const event = { type: "run.finished" as const, status: "failed" as const, failure: null, outputs: {} };
  await appendRunEvents(sql, { runId, workerId, events: [{ key: "run.finished", event }] });
}

test("W271 what is spent, held and wanted together never passes the budget, and fits to the last millicredit", async () => {
  const runId = await newRun();
  expect(await reserve(runId, "a", "a:1:x", 400, 1000)).toEqual({ granted: true, spent: 0, held: 0 });
  expect(await reserve(runId, "b", "b:1:x", 600, 1000)).toEqual({ granted: true, spent: 0, held: 400 });
  expect(await reserve(runId, "c", "c:1:x", 1, 1000)).toEqual({ granted: false, spent: 0, held: 1000 });
  await settle(runId, "a:1:x", 150);
  expect(await reserve(runId, "c", "c:1:x", 251, 1000)).toEqual({ granted: false, spent: 150, held: 600 });
  expect(await reserve(runId, "c", "c:1:x", 250, 1000)).toMatchObject({ granted: true });
});

test("W271 of many who want the last credits at the same time, only as many are given them as there are", async () => {
  const runId = await newRun();
  const wishes = Array.from({ length: 20 }, (_, index) =>
    reserve(runId, stepIds[index % 3]!, `k${index}`, 300, 1000),
  );
  const granted = (await Promise.all(wishes)).filter((answer) => answer.granted);
  expect(granted).toHaveLength(3);
  expect(await sums(runId)).toEqual({ spent: 0, held: 900 });
});

test("W272 the same key is the same reservation: asked again, it is answered the same and paid once", async () => {
  const runId = await newRun();
  await reserve(runId, "a", "before", 100);
  const first = await reserve(runId, "a", "a:1:x", 500, 1000);
  await reserve(runId, "b", "beside", 400);
  expect(await reserve(runId, "a", "a:1:x", 500, 1000)).toEqual(first);
  await settle(runId, "a:1:x", 500);
  await settle(runId, "a:1:x", 500);
  expect(await reserve(runId, "a", "a:1:x", 500, 1000)).toEqual(first);
  await settle(runId, "a:1:x", 300);
  expect(await sums(runId)).toEqual({ spent: 500, held: 500 });
  expect((await viewOf(runId)).millicredits).toBe(500);
});

test("W272 more than was held is not paid, and nothing gives all of it back", async () => {
  const runId = await newRun();
  await reserve(runId, "a", "over", 100, 100);
  await settle(runId, "over", 5000);
  expect(await sums(runId)).toEqual({ spent: 100, held: 0 });
  const other = await newRun();
  await reserve(other, "a", "none", 100, 100);
  await settle(other, "none", 0);
  expect(await sums(other)).toEqual({ spent: 0, held: 0 });
  expect(await reserve(other, "a", "none", 100, 100)).toMatchObject({ granted: true });
});

test("W273 when a step begins again, what a dead worker held for it is released and what was paid stays paid", async () => {
  const runId = await newRun();
  await begin(runId, "a");
  await reserve(runId, "a", "a:1:paid", 100, 1000);
  await settle(runId, "a:1:paid", 40);
  await reserve(runId, "a", "a:1:open", 900, 1000);
  await reserve(runId, "b", "b:1:open", 60, 1000);
  await begin(runId, "a");
  expect(await sums(runId)).toEqual({ spent: 40, held: 60 });
  // Its budget may be somebody else's by now.
  expect(await reserve(runId, "b", "b:1:more", 500, 1000)).toMatchObject({ granted: true });
  expect(await reserve(runId, "a", "a:1:open", 900, 1000)).toMatchObject({ granted: false });
});

test("W273 nothing of an ended run is held, and it spends nothing any more", async () => {
  const runId = await newRun();
  await reserve(runId, "a", "a:1:x", 700);
  await finish(runId);
  expect(await sums(runId)).toEqual({ spent: 0, held: 0 });
  await settle(runId, "a:1:x", 700);
  expect(await sums(runId)).toEqual({ spent: 0, held: 0 });
  await expect(reserve(runId, "a", "a:2:x", 1)).rejects.toThrow(`Run ${runId} has ended`);
});

test("W273 a worker that has lost its lease holds and pays nothing", async () => {
  const runId = await newRun();
  await reserve(runId, "a", "a:1:x", 700);
  const gone = { runId, workerId: "gone" };
  const attempts = await Promise.allSettled([
    reserveCredits(sql, { ...gone, stepId: "a", key: "new", item: "command", amount: 1, max: null }),
    settleCredits(sql, { ...gone, key: "a:1:x", spent: 5 }),
  ]);
  for (const attempt of attempts)
    expect(attempt.status === "rejected" && isFenced(attempt.reason)).toBe(true);
  expect(await sums(runId)).toEqual({ spent: 0, held: 700 });
});

type Move =
  | { kind: "reserve"; step: number; key: number; amount: number }
  | { kind: "settle"; step: number; key: number; spent: number }
  | { kind: "crash"; step: number };

test("W274 whatever goes on at once and dies in between: never more than the budget, nothing held at the end, the steps' sum is the run's", async () => {
  const step = fc.nat(stepIds.length - 1);
  const key = fc.nat(3);
  const move: fc.Arbitrary<Move> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("reserve"),
        step,
        key,
        amount: fc.integer({ min: 1, max: 600 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("settle"), step, key, spent: fc.nat(700) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash"), step }) },
  );
  const batches = fc.array(fc.array(move, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(batches, fc.integer({ min: 0, max: 1500 }), async (all, max) => {
      const policies = policiesSchema.parse({ budget: { max_credits: max / 1000 } });
      const runId = await newRun();
      const act = async (one: Move): Promise<void> => {
        const stepId = stepIds[one.step]!;
        if (one.kind === "crash") return void (await begin(runId, stepId));
        const name = `${stepId}:1:${one.key}`;
        if (one.kind === "settle") return settle(runId, name, one.spent);
        const { granted, spent, held } = await reserve(runId, stepId, name, one.amount, max);
        const credits = { item: "command", wanted: one.amount, spent, held };
        const verdict = decideRequest({ action: "credits.reserve", credits }, policies);
        // A key that is there already is answered as it was, for the amount that it was.
        const [known] = await sql`select amount from holds where run_id = ${runId} and key = ${name}`;
        if (!granted || Number(known!["amount"]) === one.amount)
          expect(verdict.kind).toBe(granted ? "allow" : "deny");
      };
      for (const batch of all) {
        await Promise.all(batch.map(act));
        const { spent, held } = await sums(runId);
        expect(spent + held).toBeLessThanOrEqual(max);
      }
      const { spent } = await sums(runId);
      await finish(runId);
      expect(await sums(runId)).toEqual({ spent, held: 0 });
      const view = await viewOf(runId);
      expect(view.millicredits).toBe(spent);
      expect(view.steps.reduce((sum, one) => sum + one.millicredits, 0)).toBe(spent);
    }),
    { numRuns: 60 },
  );
});
