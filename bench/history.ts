import postgres, { type Sql } from "postgres";
import { startTestStack } from "../supabase/local/testing.ts";
import { seedEndedRun, untilPacked } from "./endedRun.ts";
import { repeat, timed, type Measurement } from "./measure.ts";
import { makeProject, signInAsOwner, type Owner } from "./owner.ts";

const runCount = 100_000;
const eventsPerRun = 100;
const samples = 15;
/** The plan of a page may read so many rows at most; more would mean that a filter has no index. */
const targetMs = 100;

/** Lists, filters, a run and a search in the logs of a project with 100,000 runs and 10 million events, over the API. */
export async function history(): Promise<Measurement[]> {
  const stack = await startTestStack();
  const sql = postgres(await stack.databaseUrl(), { max: 1, onnotice: () => undefined });
  try {
    const owner = await signInAsOwner(stack.url);
    const project = await makeProject(owner, { "index.html": "<h1>Bench</h1>" });
    const place = { orgId: owner.orgId, projectId: project.id };
    await fill(sql, place);
    const last = await seedEndedRun(sql, place, 2000);
    await untilPacked(sql, last.id);
    const cursor = await cursorAt(sql, project.id, 30_000);
    return [
      ...(await lists(owner, project.id, cursor)),
      ...(await oneRun(owner, project.id, last)),
      ...(await searches(owner, project.id)),
      {
        name: "plans of the lists that read an index",
        unit: "ratio",
        samples: await indexedPlans(sql, place),
      },
    ];
  } finally {
    await sql.end();
    await stack.stop();
  }
}

interface Place {
  orgId: string;
  projectId: string;
}

/** Runs over the last 100,000 minutes, of twenty workflows, forty branches, all triggers and ways to end. */
async function fill(sql: Sql, { orgId, projectId }: Place): Promise<void> {
  await sql`
    insert into runs (id, org_id, project_id, number, kind, workflow_path, name, status, ref, commit, trigger, snapshot, created_by,
      created_at, started_at, finished_at, logs_packed_at, last_seq)
    select gen_random_uuid(), ${orgId}, ${projectId}, n, 'workflow', '.coder/workflows/w' || n % 20 || '.yaml', 'Workflow ' || n % 20,
      (array['succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded', 'failed', 'canceled'])[1 + n % 10],
      case when n % 3 = 0 then 'main' else 'work-' || n % 40 end, encode(sha256(n::text::bytea), 'hex'),
      (array['repo_event', 'manual', 'cron', 'webhook', 'rerun'])[1 + n % 5], '{"yaml":""}', (select user_id from members where org_id = ${orgId} limit 1),
      now() - make_interval(mins => ${runCount} - n), now() - make_interval(mins => ${runCount} - n), now() - make_interval(mins => ${runCount} - n), now(), ${eventsPerRun}
    from generate_series(1, ${runCount}) n`;
  await sql`update projects set last_run_number = ${runCount} where id = ${projectId}`;
  // Made anew afterwards, as whoever restores a backup does: row by row it would take most of the time.
  const [index] = await sql<{ definition: string }[]>`
    select pg_get_indexdef('public.run_log_pages_words'::regclass) as definition`;
  if (index === undefined) throw new Error("There is no index of the words in logs");
  await sql`drop index public.run_log_pages_words`;
  // In parts, so that no statement holds ten million rows.
  const part = runCount / 20;
  for (let from = 0; from < runCount; from += part) {
    await sql`
      insert into run_events (run_id, seq, org_id, key, event)
      select r.id, s, ${orgId}, case when s between 4 and ${eventsPerRun - 2} then 'log:test:1:' || s else 'e:' || s end,
        jsonb_build_object('type', case when s between 4 and ${eventsPerRun - 2} then 'step.log' else 'step.started' end, 'stepId', 'test',
          'chunks', jsonb_build_array(jsonb_build_object('stream', 'out', 'text', 'ok ' || s || ' adds numbers' || chr(10), 'at', 1)))
      from runs r, generate_series(1, ${eventsPerRun}) s
      where r.project_id = ${projectId} and r.number > ${from} and r.number <= ${from + part}`;
    await sql`
      insert into run_logs (run_id, step_id, org_id, lines)
      select r.id, step, ${orgId}, 40 from runs r, unnest(array['install', 'test']) step
      where r.project_id = ${projectId} and r.number > ${from} and r.number <= ${from + part}`;
    await sql`
      insert into run_log_pages (run_id, step_id, org_id, project_id, first_line, lines, body, marks)
      select r.id, step, ${orgId}, ${projectId}, 0, 40,
        (select string_agg('ok ' || l || ' adds numbers of ' || encode(sha256((r.number * 40 + l)::text::bytea), 'hex')
          || case when r.number = 77 and l = 7 then ' the only needle' else '' end, chr(10)) from generate_series(1, 40) l), '[[0, "out", 1]]'
      from runs r, unnest(array['install', 'test']) step
      where r.project_id = ${projectId} and r.number > ${from} and r.number <= ${from + part} order by r.number`;
  }
  await sql`set maintenance_work_mem = '1GB'`;
  await sql.unsafe(index.definition);
  await sql`reset maintenance_work_mem`;
  await sql`analyze runs, run_events, run_logs, run_log_pages`;
}

/** The cursor behind the run that is so many from the newest. */
async function cursorAt(sql: Sql, projectId: string, behind: number): Promise<string> {
  const [run] = await sql<{ id: string; at: string }[]>`
    select id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from runs
    where project_id = ${projectId} order by created_at desc, id desc offset ${behind} limit 1`;
  if (run === undefined) throw new Error("There are too few runs");
  return `${run.at}_${run.id}`;
}

async function lists({ api, orgId }: Owner, projectId: string, cursor: string): Promise<Measurement[]> {
  const [some] = (await api.runs.list.query({ projectId, limit: 1, cursor })).items;
  if (some === undefined) throw new Error("There is no run behind the cursor");
  const month = 30 * 24 * 3_600_000;
  const pages: [string, () => Promise<unknown>][] = [
    ["page 1", () => api.runs.list.query({ projectId })],
    ["page 1000", () => api.runs.list.query({ projectId, cursor })],
    ["status failed", () => api.runs.list.query({ projectId, status: "failed" })],
    ["status failed, page 1000", () => api.runs.list.query({ projectId, status: "failed", cursor })],
    ["status queued (none)", () => api.runs.list.query({ projectId, status: "queued" })],
    ["one workflow", () => api.runs.list.query({ projectId, workflowPath: ".coder/workflows/w7.yaml" })],
    ["one trigger", () => api.runs.list.query({ projectId, trigger: "webhook" })],
    ["one branch", () => api.runs.list.query({ projectId, ref: "work-7" })],
    ["nobody's", () => api.runs.list.query({ projectId, actor: "00000000-0000-4000-8000-000000000000" })],
    ["a commit", () => api.runs.list.query({ projectId, text: some.commit.slice(0, 10) })],
    ["a number", () => api.runs.list.query({ projectId, text: "#50000" })],
    ["part of a name", () => api.runs.list.query({ projectId, text: "flow 13" })],
    ["part of a name that no run has", () => api.runs.list.query({ projectId, text: "nothing like it" })],
    [
      "a time long ago",
      () => api.runs.list.query({ projectId, until: new Date(Date.now() - 2 * month).toISOString() }),
    ],
    ["the organisation, page 1", () => api.runs.listOfOrg.query({ orgId })],
    ["the organisation, page 1000", () => api.runs.listOfOrg.query({ orgId, cursor })],
    ["the organisation, status failed", () => api.runs.listOfOrg.query({ orgId, status: "failed" })],
  ];
  const measured: Measurement[] = [];
  for (const [name, ask] of pages)
    measured.push({
      name: `runs: ${name}`,
      unit: "ms",
      samples: await repeat(samples, () => timed(ask)),
      target: targetMs,
    });
  return measured;
}

async function oneRun(
  { api }: Owner,
  projectId: string,
  run: { id: string; number: number },
): Promise<Measurement[]> {
  const ask = (name: string, work: () => Promise<unknown>) =>
    repeat(samples, () => timed(work)).then((taken): Measurement => ({
      name,
      unit: "ms",
      samples: taken,
      target: targetMs,
    }));
  return [
    await ask("one run with its steps", () => api.runs.get.query({ projectId, number: run.number })),
    await ask("its outline", () => api.history.outline.query({ runId: run.id })),
    await ask("a page of its log", () =>
      api.history.logPages.query({ runId: run.id, stepId: "test", from: 0, to: 999 }),
    ),
  ];
}

async function searches({ api }: Owner, projectId: string): Promise<Measurement[]> {
  const search = (words: string) => api.history.searchLogs.query({ projectId, words });
  const measured: Measurement[] = [];
  for (const [name, words] of [
    ["words that every log holds", "adds numbers"],
    ["words of one line among eight million", "only needle"],
    ["words that no log holds", "nothing like it"],
  ] as const)
    measured.push({
      name: `logs: ${name}`,
      unit: "ms",
      samples: await repeat(samples, () => timed(() => search(words))),
      target: 300,
    });
  return measured;
}

/** 1 for each list whose plan reads an index and sorts nothing, 0 for one that does not. */
async function indexedPlans(sql: Sql, { orgId, projectId }: Place): Promise<number[]> {
  const wheres = [
    `project_id = '${projectId}'`,
    `project_id = '${projectId}' and status = 'queued'`,
    `project_id = '${projectId}' and workflow_path = '.coder/workflows/w7.yaml'`,
    `project_id = '${projectId}' and trigger = 'webhook'`,
    `project_id = '${projectId}' and ref = 'work-7'`,
    `project_id = '${projectId}' and created_by = '00000000-0000-4000-8000-000000000000'`,
    `org_id = '${orgId}'`,
    `org_id = '${orgId}' and status = 'queued'`,
  ];
  const found: number[] = [];
  for (const where of wheres) {
    const rows = await sql.unsafe<{ "QUERY PLAN": string }[]>(
      `explain (analyze, buffers off) select id from runs where ${where} order by created_at desc, id desc limit 31`,
    );
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    const isIndexed = /Index (?:Only )?Scan using runs_/.test(plan) && !/Sort|Seq Scan/.test(plan);
    if (!isIndexed) console.log(`${where}\n${plan}`);
    found.push(isIndexed ? 1 : 0);
  }
  return found;
}
