import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunEvent } from "../../shared/run/events.ts";
import { createTestDatabase, type TestDatabase } from "../../supabase/local/testing.ts";
import { connectDatabase, isFenced, type Sql } from "./database.ts";
import { makeRunEvents, type RunEvents } from "./events.ts";
import { makeRedactor } from "./redact.ts";
import { addWorker } from "./sql/addWorker.ts";
import { observeWorkers, reapWorkers } from "./sql/reapWorkers.ts";
import { removeWorker } from "./sql/removeWorker.ts";
import { renewWorker } from "./sql/renewWorker.ts";

let database: TestDatabase;
let sql: Sql;
let events: RunEvents;
let projectId: string;
const secret = "correct horse battery";
beforeAll(async () => {
  database = await createTestDatabase();
  sql = connectDatabase(database.databaseUrl, { max: 2 });
  const userId = randomUUID();
  await sql`insert into auth.users (id, email) values (${userId}, 'a@example.com')`;
  const [project] = await sql<{ id: string }[]>`
    insert into projects (org_id, slug, name, source) select org_id, 'p', 'p', 'upload' from members where user_id = ${userId} returning id`;
  projectId = project!.id;
  await addWorker(sql, "worker", "1");
  events = makeRunEvents({
    sql,
    workerId: "worker",
    redactorOf: () => makeRedactor([secret]),
    maxLogChars: 1000,
  });
});
afterAll(async () => {
  await sql.end();
  await database.close();
});

async function newRun(): Promise<string> {
  const id = randomUUID();
  const steps = [{ id: "s1", type: "command", name: "s1", needs: [] }];
  await sql`select start_run(${id}, ${projectId}, 'workflow', 'x.yaml', 'X', 'main', 'c', 'manual', '{}', '{}', ${sql.json(steps)})`;
  return id;
}

async function stored(runId: string): Promise<RunEvent[]> {
  return (
    await sql<{ event: RunEvent }[]>`select event from run_events where run_id = ${runId} order by seq`
  ).map((row) => row.event);
}

async function logOf(runId: string): Promise<string> {
  return (await stored(runId))
    .flatMap((event) => (event.type === "step.log" ? event.chunks.map((chunk) => chunk.text) : []))
    .join("");
}

test("many small pieces of a stream become few events, in order, with the streams apart", async () => {
  const runId = await newRun();
  const log = events.openLog({ runId, stepId: "s1", execution: "1" });
  for (let index = 0; index < 100; index++) log.write(index < 50 ? "out" : "err", `${index},`);
  await log.close();
  const logs = (await stored(runId)).filter((event) => event.type === "step.log");
  expect(logs).toHaveLength(1);
  expect(logs[0]!.chunks.map((chunk) => chunk.stream)).toEqual(["out", "err"]);
  expect(await logOf(runId)).toBe(Array.from({ length: 100 }, (_, index) => `${index},`).join(""));
});

test("a log over its limit is cut with a marker, and notes still come through", async () => {
  const runId = await newRun();
  const log = events.openLog({ runId, stepId: "s1", execution: "1" });
  for (let index = 0; index < 30; index++) log.write("out", "x".repeat(100));
  log.write("note", "the end\n");
  await log.close();
  const text = await logOf(runId);
  expect(text).toMatch(/^x{1100}Output cut here: .*\nthe end\n$/);
});

test("a repeated execution stores an event once, and a new execution of a step has a log of its own", async () => {
  const runId = await newRun();
  const event = {
    key: "step.started:s1:1",
    event: { type: "step.started" as const, stepId: "s1", attempt: 1 },
  };
  await events.append(runId, event);
  await events.append(runId, event);
  for (const execution of ["1", "2"]) {
    const log = events.openLog({ runId, stepId: "s1", execution });
    log.write("out", execution);
    await log.close();
  }
  expect((await stored(runId)).map((one) => one.type)).toEqual([
    "run.queued",
    "step.started",
    "step.log",
    "step.log",
  ]);
});

test("secrets and characters that the database cannot hold are taken out of every event", async () => {
  const runId = await newRun();
  await events.append(runId, {
    key: "d",
    event: { type: "policy.denied", stepId: null, rule: "r", message: `a${secret}b\0\uD800` },
  });
  const log = events.openLog({ runId, stepId: "s1", execution: "1" });
  log.write("out", `a\0${secret.slice(0, 5)}`);
  log.write("out", `${secret.slice(5)}b`);
  log.write("note", secret);
  await log.close();
  const text = JSON.stringify(await stored(runId));
  expect(text).not.toContain(secret);
  expect(await logOf(runId)).toBe("a\uFFFD***b***");
  expect(text).toContain("a***b\uFFFD\uFFFD");
});

test("nothing follows the end of a run", async () => {
  const runId = await newRun();
  await events.append(runId, {
    key: "run.finished",
    event: { type: "run.finished", status: "canceled", failure: null, outputs: {} },
  });
  await events.append(runId, { key: "late", event: { type: "step.started", stepId: "s1", attempt: 1 } });
  expect((await stored(runId)).at(-1)!.type).toBe("run.finished");
});

test("a worker without a lease is refused", async () => {
  const runId = await newRun();
  await addWorker(sql, "lost", "1");
  const lost = makeRunEvents({ sql, workerId: "lost", redactorOf: () => makeRedactor([]) });
  await removeWorker(sql, "lost");
  const error = await lost
    .append(runId, { key: "x", event: { type: "run.started", workerId: "lost" } })
    .catch((thrown: unknown) => thrown);
  expect(isFenced(error)).toBe(true);
  expect(await stored(runId)).toHaveLength(1);
});

test("while a worker stores events it can show that it lives, and is not taken for dead", async () => {
  const [runId, workerId] = [await newRun(), "storing"];
  await addWorker(sql, workerId, "1");
  const { heartbeats } = await observeWorkers(sql, "1");
  const stale = heartbeats.filter(({ id }) => id === workerId);
  const others = connectDatabase(database.databaseUrl, { max: 1 });
  await sql.begin(async (tx) => {
    const started = { key: "run.started", event: { type: "run.started", workerId } };
    await tx`select private.append_run_events(${runId}, ${tx.json([started])}, ${workerId})`;
    await reapWorkers(others, { version: "1", stale });
    expect(await renewWorker(others, workerId)).toBe(true);
  });
  await others.end();
  await removeWorker(sql, workerId);
});
