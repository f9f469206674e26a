import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DBOSClient } from "@dbos-inc/dbos-sdk";
import { createAdaptorServer } from "@hono/node-server";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { packLogs } from "../../workflows/history/packLogs.ts";
import { makeRemoveObject } from "../../workflows/history/removeObject.ts";
import { retain, type RetainOptions, type RetentionDeps } from "../../workflows/history/retain.ts";
import { signJwt } from "../local/jwt.ts";
import { createStorage, type Storage } from "../local/storage.ts";
import { createTestDatabase, type TestDatabase } from "../local/testing.ts";

let database: TestDatabase;
let sql: postgres.Sql;
let storage: Storage;
let server: ReturnType<typeof createAdaptorServer>;
let client: DBOSClient;
let directory: string;
let url: string;
let serviceKey: string;
let deps: RetentionDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.databaseUrl, { max: 4, onnotice: () => undefined });
  directory = await mkdtemp(join(tmpdir(), "coder-retention-"));
  serviceKey = await signJwt({ role: "service_role" }, "secret-of-this-test");
  storage = createStorage({
    databaseUrl: database.urlFor("coder_storage"),
    directory,
    jwtSecret: "secret-of-this-test",
  });
  server = createAdaptorServer({ fetch: (request) => storage.fetch(request) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = await DBOSClient.create({ systemDatabaseUrl: database.databaseUrl });
  deps = {
    sql: sql as never,
    removeObject: makeRemoveObject({ url, serviceKey }),
    deleteWorkflows: (ids) => client.deleteWorkflows(ids, true),
  };
});
afterAll(async () => {
  await client.destroy();
  server.close();
  await storage.close();
  await sql.end();
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

async function put(bucket: string, name: string, text = name): Promise<void> {
  const response = await fetch(`${url}/storage/v1/object/${bucket}/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${serviceKey}`, "content-type": "text/plain", "x-upsert": "true" },
    body: text,
  });
  expect(response.status).toBe(200);
}

interface Place {
  orgId: string;
  projectId: string;
}

async function newProject(): Promise<Place> {
  const [org] = await sql<
    { id: string }[]
  >`insert into orgs (slug, name) values (${`o-${randomUUID().slice(0, 8)}`}, 'O') returning id`;
  const [project] = await sql<{ id: string }[]>`
    insert into projects (org_id, slug, name, source) values (${org!.id}, 'p', 'P', 'blank') returning id`;
  return { orgId: org!.id, projectId: project!.id };
}

/** A run that ended so many days ago, with a log, an artifact, a log bundle, and its workflows in the engine. */
async function oldRun(place: Place, daysAgo: number, options: { path?: string; status?: string } = {}) {
  const id = randomUUID();
  const { path = "ci.yaml", status = "succeeded" } = options;
  const at = sql`now() - make_interval(days => ${daysAgo})`;
  const ended = status === "running" ? sql`null` : at;
  await sql`insert into runs (id, org_id, project_id, number, kind, workflow_path, name, status, ref, commit, trigger, snapshot, created_at, finished_at)
    select ${id}, ${place.orgId}, ${place.projectId}, coalesce(max(number), 0) + 1, 'workflow', ${path}, 'CI', ${status}, 'main', '0', 'manual', '{}', ${at}, ${ended}
    from runs where project_id = ${place.projectId}`;
  await sql`insert into run_events (run_id, seq, org_id, key, event) values
    (${id}, 1, ${place.orgId}, 'run.queued', '{"type":"run.queued"}'),
    (${id}, 2, ${place.orgId}, 'log:test:1:1', '{"type":"step.log","stepId":"test","chunks":[{"stream":"out","text":"hello\\n","at":1}]}'),
    (${id}, 3, ${place.orgId}, 'run.finished', '{"type":"run.finished"}')`;
  for (const kind of ["patch", "log_bundle"]) {
    const artifact = randomUUID();
    await put("artifacts", `${place.orgId}/${id}/${artifact}`);
    await sql`insert into artifacts (id, org_id, run_id, kind, name, sha256, size, created_at)
      values (${artifact}, ${place.orgId}, ${id}, ${kind}, 'a', '', 1, ${at})`;
  }
  await sql`select dbos.enqueue_workflow(workflow_name => 'run', queue_name => 'runs', positional_args => array[to_json(${id}::text)], workflow_id => ${id}, application_name => 'coder')`;
  await sql`select dbos.enqueue_workflow(workflow_name => 'step', queue_name => 'runs', positional_args => array[to_json(${id}::text)], workflow_id => ${`${id}/test`}, application_name => 'coder')`;
  await sql`update dbos.workflow_status set parent_workflow_id = ${id} where workflow_uuid = ${`${id}/test`}`;
  await sql`update dbos.workflow_status set status = 'SUCCESS', created_at = (extract(epoch from now()) - 9000) * 1000 where workflow_uuid like ${`${id}%`}`;
  return id;
}

/** Everything outside of the tables that no row names: objects, bytes of them, workflows of the engine. */
async function orphans(): Promise<string[]> {
  const objects = await sql<{ name: string }[]>`
    select o.bucket_id || '/' || o.name as name from storage.objects o
    where (o.bucket_id = 'artifacts' and not exists (select 1 from artifacts a where o.name = a.org_id || '/' || a.run_id || '/' || a.id))
       or (o.bucket_id = 'sites' and not exists (select 1 from deployments d, jsonb_each(d.manifest) f where o.name = d.org_id || '/' || (f.value ->> 'sha256')))`;
  const workflows = await sql<{ name: string }[]>`
    select 'dbos/' || workflow_uuid as name from dbos.workflow_status w
    where not exists (select 1 from runs r where r.id::text = left(w.workflow_uuid, 36))
      and not exists (select 1 from deliveries d where 'delivery/' || d.id = w.workflow_uuid)`;
  const packed = await sql<
    { name: string }[]
  >`select 'log/' || run_id as name from run_log_pages where run_id not in (select id from runs)`;
  return [...objects, ...workflows, ...packed].map((row) => row.name);
}

const exists = async (table: string, id: string) =>
  (await sql`select 1 from ${sql(table)} where id = ${id}`).length === 1;
const objectsOf = async (runId: string) =>
  Number((await sql`select count(*) from storage.objects where name like ${`%/${runId}/%`}`)[0]!["count"]);

/** Rounds until one takes nothing. */
async function retainAll(options: RetainOptions = {}): Promise<void> {
  for (let count = 0; count < 50; count += 1) {
    const taken = await retain(deps, { blobGraceSec: -1, sweep: true, ...options });
    if (taken !== undefined && Object.values(taken).every((one) => one === 0)) return;
  }
  throw new Error("Retention does not come to an end");
}

describe("retention", () => {
  let place: Place;
  beforeEach(async () => {
    place = await newProject();
  });

  test("W170 old runs go with their events, artifacts, objects and workflows; nothing is orphaned", async () => {
    const old = await oldRun(place, 500);
    const newest = await oldRun(place, 450);
    await packLogs(sql as never);
    await retainAll();
    expect(await exists("runs", old)).toBe(false);
    expect(await objectsOf(old)).toBe(0);
    expect(await sql`select 1 from dbos.workflow_status where workflow_uuid like ${`${old}%`}`).toEqual([]);
    // The newest run of a workflow stays whole, however old it is.
    expect(await exists("runs", newest)).toBe(true);
    expect(await objectsOf(newest)).toBe(2);
    expect(await sql`select 1 from run_log_pages where run_id = ${newest}`).toHaveLength(1);
    expect(await orphans()).toEqual([]);
  });

  test("W170 between the two ages only log and artifacts go; the run and its other events stay", async () => {
    const middle = await oldRun(place, 100);
    await oldRun(place, 1);
    await packLogs(sql as never);
    await retainAll();
    const events = await sql`select key from run_events where run_id = ${middle} order by seq`;
    expect(events.map((row) => row["key"])).toEqual(["run.queued", "run.finished"]);
    expect(
      (await sql`select logs_deleted_at from runs where id = ${middle}`)[0]!["logs_deleted_at"],
    ).not.toBeNull();
    expect(await sql`select 1 from artifacts where run_id = ${middle}`).toEqual([]);
    expect(await sql`select 1 from run_logs where run_id = ${middle}`).toEqual([]);
    expect(await orphans()).toEqual([]);
  });

  test("W171 open runs, runs of kept deployments and of open changes, and other organisations stay", async () => {
    const other = await newProject();
    const open = await oldRun(place, 500, { status: "running" });
    const deployed = await oldRun(place, 500);
    const proposed = await oldRun(place, 500);
    await oldRun(place, 1);
    const [site] = await sql<{ id: string }[]>`
      insert into sites (org_id, project_id, slug, kind) values (${place.orgId}, ${place.projectId}, ${randomUUID()}, 'prod') returning id`;
    await sql`insert into deployments (id, org_id, project_id, site_id, manifest, run_id)
      values (${randomUUID()}, ${place.orgId}, ${place.projectId}, ${site!.id}, '{}', ${deployed})`;
    await sql`insert into changes (org_id, project_id, number, title, base_branch, head_branch, head_commit, run_id)
      values (${place.orgId}, ${place.projectId}, 1, 'c', 'main', 'w', '0', ${proposed})`;
    const theirs = await oldRun(other, 200);
    await oldRun(other, 1);
    await sql`insert into retention_policies (org_id, log_days, artifact_days, run_days) values (${other.orgId}, 365, 365, 365)`;
    await sql`select private.audit(${place.orgId}, '{"actor":"system","action":"x","decision":"allow","rule":"r"}')`;
    await retainAll();
    for (const id of [open, deployed, proposed, theirs]) {
      expect(await exists("runs", id)).toBe(true);
      expect(await objectsOf(id)).toBe(2);
    }
    expect(await sql`select 1 from audit_log where org_id = ${place.orgId}`).toHaveLength(1);
  });

  test("W171 a project's own setting wins over the organisation's", async () => {
    const old = await oldRun(place, 20);
    await oldRun(place, 1);
    await sql`insert into retention_policies (org_id, run_days) values (${place.orgId}, 300)`;
    await retainAll();
    expect(await exists("runs", old)).toBe(true);
    await sql`insert into retention_policies (org_id, project_id, run_days) values (${place.orgId}, ${place.projectId}, 10)`;
    await retainAll();
    expect(await exists("runs", old)).toBe(false);
  });

  test("W171 deployments: the current and the last ones stay to roll back to; shared blobs stay with them", async () => {
    const [site] = await sql<{ id: string }[]>`
      insert into sites (org_id, project_id, slug, kind) values (${place.orgId}, ${place.projectId}, ${randomUUID()}, 'prod') returning id`;
    const shared = sha256("shared");
    await put("sites", `${place.orgId}/${shared}`, "shared");
    const ids: string[] = [];
    for (let age = 200; age > 196; age -= 1) {
      const id = randomUUID();
      const own = sha256(id);
      await put("sites", `${place.orgId}/${own}`, id);
      const manifest = { "index.html": { sha256: own }, "a.js": { sha256: shared } };
      await sql`insert into deployments (id, org_id, project_id, site_id, manifest, created_at)
        values (${id}, ${place.orgId}, ${place.projectId}, ${site!.id}, ${sql.json(manifest)}, now() - make_interval(days => ${age}))`;
      ids.push(id);
    }
    await sql`update sites set current_deployment_id = ${ids[0]!} where id = ${site!.id}`;
    await sql`insert into retention_policies (org_id, deployments_kept) values (${place.orgId}, 1)`;
    await retainAll();
    const left = await sql`select id from deployments where site_id = ${site!.id} order by created_at`;
    expect(left.map((row) => row["id"])).toEqual([ids[0], ids[3]]);
    const blobs =
      await sql`select name from storage.objects where name like ${`${place.orgId}/%`} and bucket_id = 'sites'`;
    const kept = [shared, sha256(ids[0]!), sha256(ids[3]!)].map((sha) => `${place.orgId}/${sha}`);
    expect(new Set(blobs.map((row) => row["name"]))).toEqual(new Set(kept));
    expect(await orphans()).toEqual([]);
  });

  test("W247 a delivery is kept with the runs that it started, and goes after them; what a forge signed stays known as used", async () => {
    const place = await newProject();
    const kept = await oldRun(place, 10);
    const gone = await oldRun(place, 800);
    // The newest run of a workflow stays: these are of others.
    await oldRun(place, 1);
    const deliver = async (key: string, runId?: string) => {
      const [row] = await sql<{ id: string }[]>`
        select private.record_delivery(${place.projectId}, 'webhook', 'alert', ${key}, '{}') as id`;
      await sql`update deliveries set status = 'handled', received_at = now() - interval '900 days' where id = ${row!.id}`;
      if (runId !== undefined) await sql`update runs set delivery_id = ${row!.id} where id = ${runId}`;
      return row!.id;
    };
    const started = await deliver("alert/hub-started", kept);
    const alone = await deliver("alert/hub-alone");
    await deliver("alert/msg_1");
    const ofGone = await deliver("alert/hub-gone", gone);
    await retainAll();
    const left = await sql`select id from deliveries where project_id = ${place.projectId}`;
    expect(left.map((row) => row["id"])).toEqual([started]);
    const spent =
      await sql`select key, delivery_id from private.spent_hooks where project_id = ${place.projectId} order by key`;
    expect([...spent]).toEqual([
      { key: "alert/hub-alone", delivery_id: alone },
      { key: "alert/hub-gone", delivery_id: ofGone },
    ]);
    expect(await orphans()).toEqual([]);
  });

  test("W172 a round that dies anywhere is finished by the next, with nothing orphaned", async () => {
    for (const point of ["log", "artifact", "run", "deliveries", "deployments", "blob"]) {
      const middle = await oldRun(place, 100);
      const old = await oldRun(place, 500);
      await oldRun(place, 1);
      const [site] = await sql<{ id: string }[]>`
        insert into sites (org_id, project_id, slug, kind, revoked_at) values (${place.orgId}, ${place.projectId}, ${randomUUID()}, 'share', now()) returning id`;
      const blob = sha256(point + place.orgId);
      await put("sites", `${place.orgId}/${blob}`);
      for (let count = 0; count < 11; count += 1)
        await sql`insert into deployments (id, org_id, project_id, site_id, manifest, created_at)
          values (${randomUUID()}, ${place.orgId}, ${place.projectId}, ${site!.id}, ${sql.json(count === 0 ? { "i.html": { sha256: blob } } : {})}, now() - make_interval(days => ${200 - count}))`;
      const [delivery] = await sql<{ id: string }[]>`
        select private.record_delivery(${place.projectId}, 'repo', 'push', ${point}, '{}') as id`;
      await sql`update deliveries set status = 'handled', received_at = now() - interval '60 days' where id = ${delivery!.id}`;
      await packLogs(sql as never);
      let reached = false;
      const dying = {
        ...deps,
        crashPoint: (name: string) => {
          if (name !== point || reached) return;
          reached = true;
          throw new Error(`dies at ${name}`);
        },
      };
      await expect(retain(dying, { blobGraceSec: -1 })).rejects.toThrow(`dies at ${point}`);
      await retainAll();
      expect([point, await exists("runs", old), await exists("deliveries", delivery!.id)]).toEqual([
        point,
        false,
        false,
      ]);
      expect(
        (await sql`select logs_deleted_at from runs where id = ${middle}`)[0]!["logs_deleted_at"],
      ).not.toBeNull();
      expect([point, await orphans()]).toEqual([point, []]);
    }
  });

  test("W172 what a deleted project leaves outside of the tables is swept up", async () => {
    const run = await oldRun(place, 1);
    await put("sites", `${place.orgId}/${sha256("x")}`);
    const [site] = await sql<{ id: string }[]>`
      insert into sites (org_id, project_id, slug, kind) values (${place.orgId}, ${place.projectId}, ${randomUUID()}, 'prod') returning id`;
    await sql`insert into deployments (id, org_id, project_id, site_id, manifest)
      values (${randomUUID()}, ${place.orgId}, ${place.projectId}, ${site!.id}, ${sql.json({ a: { sha256: sha256("x") } })})`;
    await sql`delete from projects where id = ${place.projectId}`;
    await sql`update storage.objects set created_at = now() - interval '2 days' where name like ${`%/${run}/%`}`;
    expect(await orphans()).not.toEqual([]);
    await retainAll();
    expect(await orphans()).toEqual([]);
  });

  test("W172 a round takes a bounded number, and two workers' rounds do not meet", async () => {
    for (let count = 0; count < 4; count += 1) await oldRun(place, 500 - count);
    await oldRun(place, 1);
    const before = await sql`select 1 from runs where project_id = ${place.projectId}`;
    const [one, other] = await Promise.all([
      retain(deps, { limits: { runs: 1, logs: 0, artifacts: 0 } }),
      retain(deps, { limits: { runs: 1, logs: 0, artifacts: 0 } }),
    ]);
    expect([one, other].filter((each) => each === undefined)).toHaveLength(1);
    expect(one?.runs ?? other?.runs).toBe(1);
    expect(await sql`select 1 from runs where project_id = ${place.projectId}`).toHaveLength(
      before.length - 1,
    );
    await retainAll();
    expect(await sql`select 1 from runs where project_id = ${place.projectId}`).toHaveLength(1);
  });
});
