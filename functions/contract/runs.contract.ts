import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { engineVersion } from "../../shared/run/engineVersion.ts";
import { lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { ciYaml, type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeRuns(world: World): void {
  const { as, failure, codeOf, newProject, commit } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });

  describe("workflows and runs", () => {
    const path = ".coder/workflows/ci.yaml";

    test("workflows are listed with triggers, inputs and problems; an empty repository has none", async () => {
      const { id } = await newProject({
        [path]: ciYaml,
        ".coder/workflows/bad.yaml": "name: Bad\nsteps: []\nstepz: 1\n",
        "x.yaml": "a: 1",
      });
      const [bad, ci] = await as(viewer).workflows.list.query({ projectId: id });
      expect(ci).toMatchObject({
        path,
        name: "CI",
        triggers: [{ type: "manual" }, { type: "cron", label: "0 9 * * 1-5 (Europe/Berlin)" }],
        inputs: [{ name: "channel", type: "choice", options: ["beta", "stable"], default: "beta" }],
        lastRun: null,
      });
      expect(bad!.problems.find((problem) => problem.code === "unknown_key")).toMatchObject({
        line: 3,
        column: 1,
      });
      expect(await as(viewer).workflows.read.query({ projectId: id, path })).toMatchObject({
        yaml: ciYaml,
      });
      expect((await as(viewer).workflows.lint.mutate({ yaml: "name: x", path })).problems).not.toEqual([]);
      const empty = await newProject({}, "Empty");
      expect(await as(viewer).workflows.list.query({ projectId: empty.id })).toEqual([]);
    });

    test("W241 a double click is one run, enqueued once, with the file as it was", async () => {
      const { id: projectId, head } = await newProject({ [path]: ciYaml });
      const intent = { id: randomUUID(), projectId, workflowPath: path, inputs: { channel: "stable" } };
      const both = await Promise.all([
        as(member).runs.start.mutate(intent),
        as(member).runs.start.mutate(intent),
      ]);
      await commit(projectId, "main", { [path]: null });
      const late = await as(member).runs.start.mutate(intent);
      expect([...both, late]).toEqual([{ number: 1 }, { number: 1 }, { number: 1 }]);
      const run = await as(viewer).runs.get.query({ projectId, number: 1 });
      expect(run).toMatchObject({
        id: intent.id,
        status: "queued",
        commit: head,
        ref: "main",
        trigger: "manual",
        inputs: { channel: "stable" },
        topic: `run:${intent.id}`,
        lastSeq: 1,
        steps: [
          { id: "install", type: "command", status: "pending", position: 1 },
          { id: "test", name: "Run tests", status: "pending", position: 2 },
        ],
      });
      const [row] = await api.sql`select snapshot from runs where id = ${intent.id}`;
      expect(row!["snapshot"]).toEqual({ yaml: ciYaml, engineVersion });
      const queued =
        await api.sql`select name, queue_name from dbos.workflow_status where workflow_uuid = ${intent.id}`;
      expect(queued).toEqual([{ name: "run", queue_name: "offered" }]);
      const events = await as(viewer).runs.eventsAfter.query({ runId: intent.id, afterSeq: 0 });
      expect(events).toMatchObject([
        {
          runId: intent.id,
          seq: 1,
          event: {
            type: "run.queued",
            steps: [
              { id: "install", needs: [] },
              { id: "test", needs: ["install"] },
            ],
          },
        },
      ]);
      expect(await as(viewer).runs.eventsAfter.query({ runId: intent.id, afterSeq: 1 })).toEqual([]);
      expect(await codeOf(as(stranger).runs.eventsAfter.query({ runId: intent.id, afterSeq: 0 }))).toBe(
        "not_found",
      );
      expect(
        (await as(owner).projects.list.query({ orgId })).find((one) => one.id === projectId)?.lastRun,
      ).toMatchObject({ number: 1, status: "queued" });
      // Again after the file is gone: the same text at the same commit.
      await api.sql`select private.append_run_events(${intent.id}, '[{"key":"end","event":{"type":"run.finished","status":"canceled","failure":null,"outputs":{}}}]')`;
      const again = randomUUID();
      await as(member).runs.rerun.mutate({ id: again, runId: intent.id });
      const [second] = await api.sql`select snapshot, commit, inputs from runs where id = ${again}`;
      expect(second).toEqual({
        snapshot: row!["snapshot"],
        commit: head,
        inputs: { channel: "stable" },
      });
    });

    test("W240 a file with errors is refused with their places, a missing one is not found, wrong inputs are named", async () => {
      const { id: projectId } = await newProject({
        [path]: ciYaml,
        "bad.yaml": "name: Bad\nsteps:\n  - { type: command, comand: x }\n",
      });
      const run = (workflowPath: string, inputs = {}) =>
        as(owner).runs.start.mutate({ id: randomUUID(), projectId, workflowPath, inputs });
      const refused = await failure(run("bad.yaml"));
      expect(refused).toMatchObject({
        code: "bad_input",
        details: { problems: expect.arrayContaining([expect.objectContaining({ line: 3 })]) },
      });
      expect(refused.message).toMatch(/^bad\.yaml:3:\d+ /);
      // The same findings as in the Studio's editor and on the command line, which call this function themselves.
      const findings = lintWorkflow("name: Bad\nsteps:\n  - { type: command, comand: x }\n", {
        path: "bad.yaml",
        secrets: [],
      });
      expect((refused as unknown as { details: { problems: unknown } }).details.problems).toEqual(findings);
      expect(await codeOf(run("none.yaml"))).toBe("not_found");
      expect(await failure(run(path, { channel: "nightly", extra: 1 }))).toMatchObject({
        code: "bad_input",
        details: {
          inputs: [{ name: "extra" }, { name: "channel", message: "must be one of beta, stable" }],
        },
      });
      expect(
        await codeOf(as(viewer).runs.start.mutate({ id: randomUUID(), projectId, workflowPath: path })),
      ).toBe("forbidden");
      expect(await as(owner).runs.list.query({ projectId })).toEqual({ items: [], nextCursor: null });
    });

    test("runs are paged from the newest, filtered, canceled and run again", async () => {
      const { id: projectId } = await newProject({ [path]: ciYaml });
      const ids: string[] = [];
      for (let count = 0; count < 5; count++) {
        const id = randomUUID();
        ids.push(id);
        await as(owner).runs.start.mutate({ id, projectId, workflowPath: path, dryRun: count === 0 });
      }
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const page: { items: { number: number }[]; nextCursor: string | null } = await as(
          viewer,
        ).runs.list.query({ projectId, limit: 2, cursor });
        seen.push(...page.items.map((run) => run.number));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual([5, 4, 3, 2, 1]);
      expect(await codeOf(as(viewer).runs.cancel.mutate({ runId: ids[0]! }))).toBe("forbidden");
      expect(await codeOf(as(stranger).runs.cancel.mutate({ runId: ids[0]! }))).toBe("not_found");
      await as(owner).runs.cancel.mutate({ runId: ids[0]! });
      await as(owner).runs.cancel.mutate({ runId: ids[0]! });
      const canceled = await as(viewer).runs.eventsAfter.query({ runId: ids[0]!, afterSeq: 0 });
      expect(canceled.map((stored) => stored.event.type)).toEqual([
        "run.queued",
        "cancel.requested",
        "run.finished",
      ]);
      const rerun = { id: randomUUID(), runId: ids[0]! };
      expect(await as(owner).runs.rerun.mutate(rerun)).toEqual({ number: 6 });
      expect(await as(owner).runs.rerun.mutate(rerun)).toEqual({ number: 6 });
      const again = await as(viewer).runs.get.query({ projectId, number: 6 });
      expect(again).toMatchObject({
        trigger: "rerun",
        rerunOf: ids[0],
        dryRun: true,
        steps: [{ id: "install" }, { id: "test" }],
      });
      const failed = await as(viewer).runs.list.query({ projectId, status: "failed" });
      expect(failed.items).toEqual([]);
      expect(
        (await as(viewer).runs.list.query({ projectId, workflowPath: path, status: "queued" })).items,
      ).toHaveLength(5);
    });

    test("W278 runs and their steps say what they have cost; what is only held is no cost", async () => {
      const { id: projectId } = await newProject({ [path]: ciYaml });
      const id = randomUUID();
      await as(owner).runs.start.mutate({ id, projectId, workflowPath: path });
      const hold = (step: string, key: string, spent: number) => api.sql`
        insert into holds (run_id, key, org_id, step_id, item, amount, spent_before, held_before, status, spent)
        values (${id}, ${key}, ${orgId}, ${step}, 'command', 900, 0, 0, ${spent > 0 ? "settled" : "held"}, ${spent})`;
      await hold("install", "install:1:command", 150);
      await hold("install", "install:2:command", 250);
      await hold("test", "test:1:command", 0);
      const { items } = await as(viewer).runs.list.query({ projectId });
      expect(items).toMatchObject([{ millicredits: 400 }]);
      expect(await as(viewer).runs.get.query({ projectId, number: 1 })).toMatchObject({
        millicredits: 400,
        steps: [
          { id: "install", millicredits: 400 },
          { id: "test", millicredits: 0 },
        ],
      });
    });

    test("a run is run again from its failed steps, with what succeeded taken over", async () => {
      const { id: projectId } = await newProject({ [path]: ciYaml });
      const first = randomUUID();
      await as(owner).runs.start.mutate({ id: first, projectId, workflowPath: path });
      const again = (runId: string, from?: "all" | "failed", id = randomUUID()) =>
        as(owner).runs.rerun.mutate({ id, runId, ...(from ? { from } : {}) });
      expect(await failure(again(first, "failed"))).toMatchObject({
        code: "conflict",
        message: "Run #1 has not ended: cancel it, or wait for its end",
      });
      const finish = (stepId: string, status: string) => ({
        key: `step.finished:${stepId}`,
        event: {
          type: "step.finished",
          stepId,
          status,
          exitCode: 0,
          durationMs: 1,
          outputs: { of: stepId },
          failure: null,
        },
      });
      const end = (status: string) => ({
        key: "run.finished",
        event: { type: "run.finished", status, failure: null, outputs: {} },
      });
      const append = (runId: string, ...events: object[]) =>
        api.sql`select private.append_run_events(${runId}, ${api.sql.json(events as never)})`;
      await append(first, finish("install", "succeeded"), finish("test", "failed"), end("failed"));
      const second = randomUUID();
      expect(await again(first, "failed", second)).toEqual({ number: 2 });
      expect(await again(first, "failed", second)).toEqual({ number: 2 });
      const from = { runId: first, number: 1 };
      const [row] = await api.sql`select rerun_of, attempt, seed from runs where id = ${second}`;
      expect(row).toEqual({
        rerun_of: first,
        attempt: 2,
        seed: { install: { outputs: { of: "install" }, from } },
      });
      // Run 2 took `install` over and did not do it again: in run 3 it is still run 1's work.
      await append(second, finish("install", "succeeded"), finish("test", "failed"), end("failed"));
      expect(await again(second, "failed")).toEqual({ number: 3 });
      const [third] =
        await api.sql`select seed, attempt from runs where project_id = ${projectId} and number = 3`;
      expect(third).toMatchObject({ attempt: 3, seed: { install: { from } } });
      expect(await again(second)).toEqual({ number: 4 });
      const [all] = await api.sql`select id, seed from runs where project_id = ${projectId} and number = 4`;
      expect(all!["seed"]).toEqual({});
      await append(all!["id"], finish("install", "succeeded"), finish("test", "succeeded"), end("succeeded"));
      expect(await failure(again(all!["id"], "failed"))).toMatchObject({
        code: "conflict",
        message: "Nothing of run #4 failed: run all of it again",
      });
      expect(await codeOf(as(viewer).runs.rerun.mutate({ id: randomUUID(), runId: first }))).toBe(
        "forbidden",
      );
    });

    test("W60 a run of a workflow with a concurrency group enters it under its resolved name", async () => {
      const yaml = `name: G\nconcurrency: { group: "release-\${{ inputs.channel }}", when_full: skip }\ninputs: { channel: { type: string, default: beta } }\nsteps:\n  - { type: command, command: "true" }\n`;
      const { id: projectId } = await newProject({ [path]: yaml });
      const start = (channel?: string) =>
        as(owner).runs.start.mutate({
          id: randomUUID(),
          projectId,
          workflowPath: path,
          inputs: channel === undefined ? {} : { channel },
        });
      await start();
      await start();
      await start("stable");
      const rows =
        await api.sql`select status, concurrency, failure from runs where project_id = ${projectId} order by number`;
      expect(rows).toMatchObject([
        { status: "queued", concurrency: { group: "release-beta", max: 1, when_full: "skip" } },
        { status: "canceled", failure: { code: "skipped_concurrency" } },
        { status: "queued", concurrency: { group: "release-stable" } },
      ]);
    });
  });
}
