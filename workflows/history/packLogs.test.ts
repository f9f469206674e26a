import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogChunk } from "../../shared/run/events.ts";
import { unpackPage, type PackedPage } from "../../shared/run/packedLog.ts";
import { createTestDatabase, type TestDatabase } from "../../supabase/local/testing.ts";
import { connectDatabase, type Sql } from "../engine/database.ts";
import { packLogs } from "./packLogs.ts";

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = connectDatabase(database.databaseUrl);
});
afterAll(async () => {
  await sql.end();
  await database.close();
});

type Said = [key: string, stepId: string, ...chunks: LogChunk[]];
const out = (text: string, at = 1): LogChunk => ({ stream: "out", text, at });

/** A run that has ended and said this. */
async function endedRun(said: Said[]): Promise<string> {
  const [place] = await sql<{ org: string; project: string }[]>`
    with o as (insert into orgs (slug, name) values (${`o-${randomUUID().slice(0, 8)}`}, 'O') returning id)
    insert into projects (org_id, slug, name, source) select id, 'p', 'P', 'blank' from o returning org_id as org, id as project`;
  const id = randomUUID();
  await sql`insert into runs (id, org_id, project_id, number, kind, workflow_path, name, status, ref, commit, trigger, snapshot, finished_at)
    values (${id}, ${place!.org}, ${place!.project}, 1, 'workflow', 'ci.yaml', 'CI', 'succeeded', 'main', '0', 'manual', '{}', now())`;
  for (const [index, [key, stepId, ...chunks]] of said.entries())
    await sql`insert into run_events (run_id, seq, org_id, key, event)
      values (${id}, ${index + 1}, ${place!.org}, ${key}, ${sql.json({ type: "step.log", stepId, chunks })})`;
  return id;
}

async function packed(runId: string): Promise<Record<string, { lines: number; texts: string[] }>> {
  const logs = await sql<{ step: string; lines: number }[]>`
    select step_id as step, lines from run_logs where run_id = ${runId} order by 1`;
  const pages = await sql<({ step: string } & PackedPage)[]>`
    select step_id as step, body, marks from run_log_pages where run_id = ${runId} order by step_id, first_line`;
  return Object.fromEntries(
    logs.map(({ step, lines }) => [
      step,
      {
        lines,
        texts: pages
          .filter((page) => page.step === step)
          .flatMap(unpackPage)
          .map((line) => line.text),
      },
    ]),
  );
}

test("W163 steps that speak in turn, pieces of lines and the engine's notes: each in its own log, in order", async () => {
  const runId = await endedRun([
    ["log:a:1:1", "a", out("one\ntw")],
    ["log:b:1:1", "b", out("::group::B\n")],
    ["log:a:1:2", "a", out("o\nthree")],
    ["note:c", "c", { stream: "note", text: "Skipped: its `if` is false.\n", at: 2 }],
  ]);
  await packLogs(sql);
  expect(await packed(runId)).toEqual({
    a: { lines: 3, texts: ["one", "two", "three"] },
    b: { lines: 1, texts: ["::group::B"] },
    c: { lines: 1, texts: ["Skipped: its `if` is false."] },
  });
});

test("W163 two workers at once pack a run once", async () => {
  const lines = Array.from({ length: 9000 }, (_, index) => `line ${index}\n`).join("");
  const runId = await endedRun([["log:a:1:1", "a", out(lines)]]);
  await Promise.all([packLogs(sql), packLogs(sql)]);
  expect((await packed(runId))["a"]?.lines).toBe(9000);
  expect((await packed(runId))["a"]?.texts.length).toBe(9000);
});
