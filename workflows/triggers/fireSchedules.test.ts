import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../supabase/local/testing.ts";
import { connectDatabase, type Sql } from "../engine/database.ts";
import { fireSchedules, whatIsDue } from "./fireSchedules.ts";

const at = (iso: string): number => Date.parse(iso);
const hourly = { cron: "0 * * * *", timezone: "UTC" };
const shown = (row: Parameters<typeof whatIsDue>[0]): (string | undefined)[] => {
  const { fire, next } = whatIsDue(row);
  return [...fire, next].map((time) =>
    time === undefined ? undefined : new Date(time).toISOString().slice(5, 16),
  );
};

test("W96 catch_up: none passes over what was missed, last makes up for one, all for each", () => {
  const missed = { ...hourly, next_due: at("2026-11-20T06:00Z"), now: at("2026-11-20T09:30Z") };
  expect(shown({ ...missed, catch_up: "none" })).toEqual(["11-20T10:00"]);
  expect(shown({ ...missed, catch_up: "last" })).toEqual(["11-20T09:00", "11-20T10:00"]);
  expect(shown({ ...missed, catch_up: "all" })).toEqual([
    "11-20T06:00",
    "11-20T07:00",
    "11-20T08:00",
    "11-20T09:00",
    "11-20T10:00",
  ]);
});

test("W96 a time that is looked at within its minute was not missed", () => {
  const now = { ...hourly, next_due: at("2026-11-20T09:00Z"), now: at("2026-11-20T09:00:59Z") };
  for (const catch_up of ["none", "last", "all"] as const)
    expect(shown({ ...now, catch_up })).toEqual(["11-20T09:00", "11-20T10:00"]);
});

test("W96 all makes up for the last hundred at most", () => {
  const year = {
    cron: "* * * * *",
    timezone: "America/New_York",
    catch_up: "all",
    next_due: at("2025-11-20T09:00Z"),
    now: at("2026-11-20T09:00:30Z"),
  } as const;
  const { fire } = whatIsDue(year);
  expect(fire).toHaveLength(100);
  expect(fire.at(-1)).toBe(at("2026-11-20T09:00Z"));
});

test("W97 a clock that jumps an hour, forwards and back, makes no minute due twice", () => {
  const { cron, timezone } = { cron: "*/10 * * * *", timezone: "Europe/Berlin" };
  const fired: number[] = [];
  let nextDue = at("2026-11-20T09:00Z");
  for (const now of [
    "09:00:01",
    "09:10:01",
    "10:10:05",
    "09:20:01",
    "09:50:01",
    "10:15:00",
    "10:20:00",
    "09:20:00",
    "10:40:00",
  ]) {
    const row = {
      cron,
      timezone,
      catch_up: "all" as const,
      next_due: nextDue,
      now: at(`2026-11-20T${now}Z`),
    };
    if (row.next_due > row.now) continue;
    const { fire, next } = whatIsDue(row);
    fired.push(...fire);
    nextDue = next ?? Infinity;
  }
  expect(new Set(fired).size).toBe(fired.length);
  expect(fired).toEqual([...fired].sort((a, b) => a - b));
  expect(fired.at(-1)).toBe(at("2026-11-20T10:40Z"));
});

let database: TestDatabase;
let sql: postgres.Sql;
let workers: Sql[];
let projectId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.databaseUrl, { max: 2, onnotice: () => undefined });
  workers = Array.from({ length: 4 }, () => connectDatabase(database.databaseUrl, { max: 2 }));
  projectId = randomUUID();
  const owner = randomUUID();
  await sql`insert into auth.users (id, email) values (${owner}, 'cron@example.com')`;
  await sql`insert into projects (id, org_id, slug, name, source) select ${projectId}, org_id, 'p', 'P', 'blank' from members where user_id = ${owner}`;
});
afterAll(async () => {
  await Promise.all(workers.map((one) => one.end()));
  await sql.end();
  await database.close();
});

const schedule = (count: number) =>
  sql`select private.sync_triggers(${projectId}, ${"a".repeat(40)}, '[]', ${sql.json(
    Array.from({ length: count }, (_, index) => ({
      path: `w${index}.yaml`,
      trigger: 0,
      cron: "* * * * *",
      timezone: "UTC",
      catchUp: "last",
      nextDue: "2100-01-01T00:00:00Z",
    })),
  )})`;
/** The database's time has come. */
const comeDue = () => sql`update schedules set next_due = date_trunc('minute', clock_timestamp())`;
const deliveries = () => sql`select event, key, payload from deliveries where source = 'cron' order by key`;

test("W97 a due minute is one delivery however many workers look", async () => {
  await schedule(20);
  await comeDue();
  const looks = workers.flatMap((worker) => [worker, worker, worker]);
  await Promise.all(looks.map((worker) => fireSchedules(worker, 7)));
  await Promise.all(looks.map((worker) => fireSchedules(worker, 7)));
  const found = await deliveries();
  expect(found).toHaveLength(20);
  expect(found[0]).toMatchObject({
    event: "w0.yaml",
    payload: { event: "cron", workflow: "w0.yaml", late: false },
  });
  // The clock goes back: the same minute comes again.
  await comeDue();
  const minute = found[0]!["payload"]["due"];
  await Promise.all(workers.map((worker) => fireSchedules(worker, 50)));
  const again = (await deliveries()).filter((one) => one["payload"]["due"] === minute);
  expect(again).toHaveLength(20);
  const [late] = await sql`select count(*)::int as rows from schedules where next_due <= clock_timestamp()`;
  expect(late!["rows"]).toBe(0);
});

test("W97 reading the files again neither passes over a due time nor repeats one", async () => {
  await schedule(2);
  await sql`update schedules set next_due = '2026-01-01T00:00:00Z' where workflow_path = 'w0.yaml'`;
  await schedule(1);
  const rows = await sql`select workflow_path, next_due from schedules`;
  expect(rows).toMatchObject([{ workflow_path: "w0.yaml", next_due: new Date("2026-01-01T00:00:00Z") }]);
  await sql`update projects set default_branch = default_branch`;
  await sql`select private.sync_triggers(${projectId}, null, '[]', '[{"path":"w0.yaml","trigger":0,"cron":"5 * * * *","timezone":"UTC","catchUp":"last","nextDue":"2100-01-01T00:00:00Z"}]')`;
  expect((await sql`select next_due from schedules`)[0]!["next_due"]).toEqual(
    new Date("2100-01-01T00:00:00Z"),
  );
});
