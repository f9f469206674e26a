import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { engineVersion } from "../../shared/run/engineVersion.ts";
import { maxDepth } from "../../shared/trigger/explainEvent.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "../engine/testing.ts";
import { httpForge } from "../forges/httpForge.ts";
import { dispatch } from "./dispatch.ts";
import { makeReadFiles } from "./workflowFiles.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
const folder = ".coder/workflows";
const file = (name: string, triggers: string, more = "") =>
  `name: ${name}\ntriggers: [${triggers}]\n${more}steps: [{ type: command, command: "true" }]\n`;

beforeAll(async () => {
  fixture = await startEngineFixture();
  const env = { CODER_SANDBOX: "none" };
  await Promise.all([fixture.startWorker({ env }), fixture.startWorker({ env })]);
  project = await fixture.project({
    "README.md": "hello\n",
    [`${folder}/broken.yaml`]: "name: Broken\nsteps: []\n",
    [`${folder}/ci.yaml`]: file("CI", "{ type: repo_event, event: push, paths: [src/] }"),
    [`${folder}/docs.yaml`]: file(
      "Docs",
      "{ type: repo_event, event: push, branches: [main], paths: [docs/] }",
    ),
    [`${folder}/hook.yaml`]: file(
      "Hook",
      '{ type: webhook, name: alert, secret_ref: S, if: event.body.level == "high" }',
      "inputs: { who: { type: string, default: ada } }\nconcurrency: { group: 'hook-${{ event.body.level }}' }\n",
    ),
    [`${folder}/review.yaml`]: file(
      "Review",
      "{ type: repo_event, event: pull_request.opened, actors: { allow_bots: true } }",
    ),
    [`${folder}/nightly.yaml`]: file("Nightly", `{ type: cron, cron: "* * * * *", catch_up: last }`),
    [`${folder}/after.yaml`]: file("After", "{ type: workflow, workflow: hook.yaml }"),
  });
  await untilSynced(project, 5);
});
afterAll(() => fixture.close());

/** Resolves when the workers know of so many triggers that wait. */
const untilSynced = (where: TestProject, count: number) =>
  vi.waitFor(
    async () => {
      const waiting = await fixture.sql`select 1 from trigger_listeners where project_id = ${where.id}`;
      expect(waiting).toHaveLength(count);
    },
    { timeout: 30_000, interval: 50 },
  );

/** What `record_delivery` is given, and the stored delivery once it has been dealt with. */
async function deliver(
  source: string,
  event: string,
  options: { key: string; payload: object; depth?: number; in?: TestProject },
): Promise<any> {
  const { key, payload, depth = 0, in: where = project } = options;
  const [row] = await fixture.sql<{ id: string }[]>`
    select private.record_delivery(${where.id}, ${source}, ${event}, ${key}, ${fixture.sql.json(payload as any)}, ${depth}) as id`;
  return untilHandled(row!.id);
}

async function untilHandled(id: string): Promise<any> {
  return vi.waitFor(
    async () => {
      const [row] = await fixture.sql`select * from deliveries where id = ${id}`;
      if (row!["status"] === "pending") throw new Error("still pending");
      return row;
    },
    { timeout: 60_000, interval: 20 },
  );
}

const ada = { id: "user:1", name: "ada", bot: false };
const kinds = (outcome: { kind: string; path: string }[]) =>
  Object.fromEntries(outcome.map((one) => [one.path.replace(`${folder}/`, ""), one.kind]));

/** A commit on a branch of the project's bare repository. */
function pushCommit(branch: string, files: Record<string, string>): string {
  const work = mkdtempSync(join(tmpdir(), "coder-push-"));
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", work, "-c", "user.name=T", "-c", "user.email=t@example.com", ...args], {
      encoding: "utf8",
    }).trim();
  git("clone", "-q", project.directory, ".");
  git("checkout", "-q", "-b", branch);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  git("add", "-A");
  git("commit", "-q", "-m", "Work");
  git("push", "-q", "origin", branch);
  const commit = git("rev-parse", "HEAD");
  rmSync(work, { recursive: true, force: true });
  return commit;
}

describe("deliver", () => {
  test("W92 W95 a push runs at its commit, by its own files; each file's fate is stored", async () => {
    const own = file("CI two", "{ type: repo_event, event: push, paths: [src/] }");
    const commit = pushCommit("work", { "src/a.ts": "1", [`${folder}/ci.yaml`]: own });
    const payload = {
      event: "push",
      branch: "work",
      commit,
      actor: ada,
      push: { before: project.commit, after: commit, commits: [] },
    };
    const delivery = await deliver("repo", "push", { key: `push ${commit}`, payload });
    expect(delivery).toMatchObject({ status: "handled", failure: null });
    expect(kinds(delivery.outcome)).toEqual({
      "after.yaml": "rejected",
      "broken.yaml": "invalid",
      "ci.yaml": "fired",
      "docs.yaml": "rejected",
      "hook.yaml": "rejected",
      "nightly.yaml": "rejected",
      "review.yaml": "rejected",
    });
    const docs = delivery.outcome.find((one: any) => one.path.endsWith("docs.yaml"));
    expect(docs.clauses).toEqual([
      { clause: "triggers[0].branches", reason: '"main" does not match "work"' },
    ]);
    const fired = delivery.outcome.find((one: any) => one.kind === "fired");
    const [run] = await fixture.sql`select * from runs where id = ${fired.runId}`;
    expect(run).toMatchObject({
      name: "CI two",
      number: fired.runNumber,
      trigger: "repo_event",
      ref: "work",
      commit,
      delivery_id: delivery.id,
      depth: 0,
      created_by: null,
      snapshot: {
        yaml: own,
        engineVersion,
        event: { branch: "work", paths: [`${folder}/ci.yaml`, "src/a.ts"] },
      },
    });
    await fixture.until(fired.runId, ["succeeded"]);
  });

  test("W98 the same fact is one delivery and one run, also when it is dealt with twice", async () => {
    const payload = { event: "webhook", name: "alert", body: { level: "high" } };
    const options = { key: "msg_1", payload };
    const [one, two] = await Promise.all([
      deliver("webhook", "alert", options),
      deliver("webhook", "alert", options),
    ]);
    expect(two.id).toBe(one.id);
    const fired = one.outcome.find((each: any) => each.kind === "fired");
    const [run] =
      await fixture.sql`select inputs, concurrency, trigger, ref, commit from runs where id = ${fired.runId}`;
    expect(run).toEqual({
      inputs: { who: "ada" },
      concurrency: { group: "hook-high", max: 1, when_full: "queue" },
      trigger: "webhook",
      ref: "main",
      commit: project.commit,
    });
    // As after a worker's death between the run's start and the delivery's end.
    await fixture.sql`update deliveries set status = 'pending', outcome = '[]' where id = ${one.id}`;
    const forgeOf = (projectId: string) =>
      httpForge({ url: fixture.url, projectId, token: fixture.serviceKey });
    await dispatch({ sql: fixture.sql, forgeOf, readFiles: makeReadFiles(forgeOf) }, one.id);
    const [again] = await fixture.sql`select * from deliveries where id = ${one.id}`;
    expect(again!["outcome"]).toEqual(one.outcome);
    const [count] = await fixture.sql`select count(*)::int as runs from runs where delivery_id = ${one.id}`;
    expect(count!["runs"]).toBe(1);
  });

  test("W231 a delivery says which file names a secret that does not exist, and starts it once the secret is there", async () => {
    const publish = file(
      "Publish",
      "{ type: repo_event, event: push }",
      "policies: { secrets: { allowed: [NPM_TOKEN] } }\n",
    );
    const commit = pushCommit("publish", { [`${folder}/publish.yaml`]: publish });
    const payload = { event: "push", branch: "publish", commit, actor: ada };
    const fateOf = async (key: string) =>
      (await deliver("repo", "push", { key, payload })).outcome.find((one: any) =>
        one.path.endsWith("/publish.yaml"),
      );
    expect(await fateOf("without")).toEqual({
      kind: "invalid",
      path: `${folder}/publish.yaml`,
      problems: [
        expect.stringContaining(`publish.yaml:3:34 unknown_secret the project has no secret NPM_TOKEN`),
      ],
    });
    await fixture.sql`
      insert into secrets (org_id, project_id, environment, name, given_as, ciphertext, key_id)
      values (${project.orgId}, ${project.id}, 'prod', 'NPM_TOKEN', 'placeholder', ${"s".repeat(40)}, 'k')`;
    expect(await fateOf("with")).toMatchObject({ kind: "fired", name: "Publish" });
  });

  test("W95 a change is judged by the default branch's files, and run at its head", async () => {
    const evil = file("Evil", "{ type: repo_event, event: pull_request.opened }");
    const headCommit = pushCommit("evil", { [`${folder}/review.yaml`]: evil, [`${folder}/more.yaml`]: evil });
    const payload = {
      event: "pull_request.opened",
      branch: "main",
      commit: headCommit,
      actor: { id: "run:1", name: "coder", bot: true },
      pull_request: { number: 1, head: "evil", base: "main", headCommit, merged: false, mergedCommit: null },
    };
    const delivery = await deliver("repo", "pull_request.opened", { key: "pr 1", payload });
    const fired = delivery.outcome.filter((one: any) => one.kind === "fired");
    expect(fired).toMatchObject([{ path: `${folder}/review.yaml`, name: "Review" }]);
    const [run] = await fixture.sql`select ref, commit, snapshot from runs where id = ${fired[0].runId}`;
    expect(run).toMatchObject({ ref: "evil", commit: headCommit });
    expect(run!["snapshot"].yaml).toContain("Review");
    expect(run!["snapshot"].event.paths).toEqual([`${folder}/more.yaml`, `${folder}/review.yaml`]);
  });

  test("W95 a deleted branch starts nothing; a commit that is nowhere fails with the reason", async () => {
    const zero = "0".repeat(40);
    const gone = { event: "push", branch: "x", commit: zero, actor: ada };
    expect(await deliver("repo", "push", { key: "gone", payload: gone })).toMatchObject({
      status: "handled",
      outcome: [],
    });
    const lost = { ...gone, commit: "1".repeat(40) };
    expect(await deliver("repo", "push", { key: "lost", payload: lost })).toMatchObject({
      status: "failed",
      failure: expect.stringContaining("There is no branch or commit 1111"),
    });
  });

  test("W98 a burst is worked off, each delivery once", async () => {
    const ids = await fixture.sql<{ id: string }[]>`
      select private.record_delivery(${project.id}, 'webhook', 'alert', 'burst ' || n, jsonb_build_object('event', 'webhook', 'name', 'alert', 'body', jsonb_build_object('level', 'low'))) as id
      from generate_series(1, 60) n`;
    for (const { id } of ids) expect(await untilHandled(id)).toMatchObject({ status: "handled" });
  });
});

describe("what waits", () => {
  test("W99 triggers of the default branch are known without a push being told, and kept in step", async () => {
    const listeners =
      await fixture.sql`select workflow_path, type, name, secret_ref from trigger_listeners where project_id = ${project.id} and type <> 'repo_event' order by 1`;
    expect(listeners).toEqual([
      { workflow_path: `${folder}/after.yaml`, type: "workflow", name: "hook.yaml", secret_ref: null },
      { workflow_path: `${folder}/hook.yaml`, type: "webhook", name: "alert", secret_ref: "S" },
    ]);
    const [sync] = await fixture.sql`select commit from trigger_syncs where project_id = ${project.id}`;
    expect(sync!["commit"]).toBe(project.commit);
  });

  test("W97 a schedule fires its workflow by the database's clock", async () => {
    await fixture.sql`update schedules set next_due = clock_timestamp() - interval '5 minutes' where project_id = ${project.id}`;
    const run = await vi.waitFor(
      async () => {
        const rows =
          await fixture.sql`select r.*, d.payload from runs r join deliveries d on d.id = r.delivery_id where r.workflow_path = ${`${folder}/nightly.yaml`} and r.project_id = ${project.id}`;
        expect(rows.length).toBeGreaterThan(0);
        return rows[0]!;
      },
      { timeout: 30_000, interval: 50 },
    );
    expect(run).toMatchObject({
      trigger: "cron",
      ref: "main",
      payload: { event: "cron", workflow: `${folder}/nightly.yaml` },
    });
    // A minute may be due again between the run and the look.
    await vi.waitFor(
      async () => {
        const [row] =
          await fixture.sql`select next_due > clock_timestamp() as later from schedules where project_id = ${project.id}`;
        expect(row!["later"]).toBe(true);
      },
      { timeout: 30_000, interval: 50 },
    );
  });

  test("W88 a workflow runs after another; a dry run announces nothing", async () => {
    const after = await vi.waitFor(
      async () => {
        const rows =
          await fixture.sql`select * from runs where project_id = ${project.id} and workflow_path = ${`${folder}/after.yaml`}`;
        expect(rows).toHaveLength(1);
        return rows[0]!;
      },
      { timeout: 30_000, interval: 50 },
    );
    expect(after).toMatchObject({ trigger: "workflow", depth: 1 });
    const [delivery] = await fixture.sql`select * from deliveries where id = ${after["delivery_id"]}`;
    expect(delivery!["payload"]).toMatchObject({
      event: "workflow",
      workflow: `${folder}/hook.yaml`,
      status: "succeeded",
      actor: { bot: true },
      run: { trigger: "webhook" },
    });
    const dryId = randomUUID();
    const yaml = file("Hook", "{ type: manual }");
    await fixture.sql`select public.start_run(${dryId}, ${project.id}, 'workflow', ${`${folder}/hook.yaml`}, 'Hook', 'main', ${project.commit},
      'manual', '{}', ${fixture.sql.json({ yaml, engineVersion: "1" })}, '[{"id":"s1","type":"command","name":"true","needs":[]}]', true)`;
    await fixture.until(dryId, ["succeeded"]);
    expect(await fixture.sql`select 1 from deliveries where key = ${dryId}`).toEqual([]);
  });

  test("W94 workflows that start each other end at the depth limit, and the delivery says so", async () => {
    const loop = await fixture.project({
      [`${folder}/a.yaml`]: file(
        "A",
        "{ type: webhook, name: go, secret_ref: S }, { type: workflow, workflow: b.yaml, on: finished }",
      ),
      [`${folder}/b.yaml`]: file("B", "{ type: workflow, workflow: a.yaml, on: finished }"),
    });
    await untilSynced(loop, 3);
    await deliver("webhook", "go", {
      key: "go",
      payload: { event: "webhook", name: "go", body: {} },
      in: loop,
    });
    const last = await vi.waitFor(
      async () => {
        const [row] =
          await fixture.sql`select * from deliveries where project_id = ${loop.id} and source = 'workflow' and depth = ${maxDepth + 1} and status = 'handled'`;
        expect(row).toBeDefined();
        return row!;
      },
      { timeout: 100_000, interval: 100 },
    );
    expect(last["outcome"].flatMap((one: any) => one.clauses ?? [])).toContainEqual({
      clause: "depth",
      reason: "8 workflows in a row have led here; the chain ends, as it may be a loop",
    });
    const [runs] =
      await fixture.sql`select count(*)::int as count, max(depth) as depth from runs where project_id = ${loop.id}`;
    expect(runs).toEqual({ count: maxDepth + 1, depth: maxDepth });
  });
});
