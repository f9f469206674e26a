import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { ciYaml, type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeHistory(world: World): void {
  const { as, codeOf, newProject } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });

  const path = ".coder/workflows/ci.yaml";
  const commitOf = (count: number) => String(count).padStart(40, "a");

  /** Runs as rows, the last one newest: created a minute apart. */
  async function runsOf(projectId: string, rows: { [column: string]: unknown }[]): Promise<string[]> {
    const ids: string[] = [];
    for (const [index, row] of rows.entries()) {
      const id = randomUUID();
      ids.push(id);
      const whole = {
        id,
        org_id: orgId,
        project_id: projectId,
        number: index + 1,
        kind: "workflow",
        workflow_path: path,
        name: "CI",
        status: "succeeded",
        ref: "main",
        commit: commitOf(index),
        trigger: "manual",
        snapshot: {},
        created_by: owner.id,
        created_at: new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString(),
        ...row,
      };
      await api.sql`insert into runs ${api.sql(whole as never)}`;
    }
    return ids;
  }

  describe("history", () => {
    test("W160 runs are narrowed by status, workflow, trigger, ref, actor, text and time, and paged by place", async () => {
      const { id: projectId } = await newProject();
      await runsOf(projectId, [
        {},
        { status: "failed", name: "Nightly 100%" },
        { trigger: "cron", created_by: null },
        { ref: "work", created_by: member.id },
        { workflow_path: ".coder/workflows/x.yaml" },
      ]);
      const numbers = async (filter: object) =>
        (await as(viewer).runs.list.query({ projectId, ...filter })).items.map((run) => run.number);
      expect(await numbers({})).toEqual([5, 4, 3, 2, 1]);
      expect(await numbers({ status: "failed" })).toEqual([2]);
      expect(await numbers({ workflowPath: ".coder/workflows/x.yaml" })).toEqual([5]);
      expect(await numbers({ trigger: "cron" })).toEqual([3]);
      expect(await numbers({ ref: "work" })).toEqual([4]);
      expect(await numbers({ actor: member.id })).toEqual([4]);
      expect(await numbers({ text: "nightly 100%" })).toEqual([2]);
      expect(await numbers({ text: "_ightly" })).toEqual([]);
      expect(await numbers({ text: "#3" })).toEqual([3]);
      expect(await numbers({ text: commitOf(2).slice(0, 40) })).toEqual([3]);
      expect(await numbers({ text: "aaaaaaaaaa" })).toHaveLength(5);
      expect(await numbers({ since: "2026-01-01T00:01:00Z", until: "2026-01-01T00:03:00Z" })).toEqual([3, 2]);
      expect(await numbers({ status: "succeeded", ref: "main", limit: 2 })).toEqual([5, 3]);
      // Runs that appear meanwhile move no page.
      const first = await as(viewer).runs.list.query({ projectId, limit: 2 });
      await runsOf(projectId, [{ number: 6, created_at: "2026-02-01T00:00:00Z" }]);
      const second = await as(viewer).runs.list.query({ projectId, limit: 2, cursor: first.nextCursor });
      expect(second.items.map((run) => run.number)).toEqual([3, 2]);
      expect(await codeOf(as(viewer).runs.list.query({ projectId, cursor: "12" }))).toBe("bad_input");
    });

    test("W160 an organisation's runs are those of all its projects, for its members only", async () => {
      const one = await newProject({}, "One");
      const other = await newProject({}, "Other");
      await runsOf(one.id, [{ created_at: "2027-01-01T00:00:00Z" }]);
      await runsOf(other.id, [{ created_at: "2027-01-02T00:00:00Z", status: "canceled" }]);
      const page = await as(viewer).runs.listOfOrg.query({ orgId, limit: 2 });
      expect(page.items.map((run) => run.projectSlug)).toEqual([other.slug, one.slug]);
      const narrowed = await as(viewer).runs.listOfOrg.query({ orgId, status: "canceled", limit: 1 });
      expect(narrowed.items).toMatchObject([{ projectName: "Other", number: 1 }]);
      expect(await codeOf(as(stranger).runs.listOfOrg.query({ orgId }))).toBe("not_found");
    });

    /** An ended run with this packed log of its step `test`. */
    async function packedRun(projectId: string, body: string, plain: string | null = null): Promise<string> {
      const [last] =
        await api.sql`select coalesce(max(number), 0) + 1 as number from runs where project_id = ${projectId}`;
      const [id] = await runsOf(projectId, [
        {
          number: last!["number"],
          finished_at: new Date().toISOString(),
          logs_packed_at: new Date().toISOString(),
        },
      ]);
      await api.sql`insert into run_logs (run_id, step_id, org_id, lines, groups)
        values (${id!}, 'test', ${orgId}, ${body.split("\n").length}, '[{"start":0,"end":1,"title":"G"}]')`;
      await api.sql`insert into run_log_pages (run_id, step_id, org_id, project_id, first_line, lines, body, plain, marks)
        values (${id!}, 'test', ${orgId}, ${projectId}, 0, ${body.split("\n").length}, ${body}, ${plain}, '[[0, "out", 5]]')`;
      return id!;
    }

    test("W161 logs of ended runs are searched over a project, newest first, each hit with its line", async () => {
      const { id: projectId } = await newProject();
      const other = await newProject();
      await packedRun(projectId, "one\nError: rounds 100% half\nthree");
      const newest = await packedRun(projectId, "\u001b[31mError\u001b[0m: rounds", "Error: rounds");
      await packedRun(other.id, "Error: rounds elsewhere");
      const search = (words: string, more: object = {}) =>
        as(viewer).history.searchLogs.query({ projectId, words, ...more });
      const { items } = await search("error: ROUNDS");
      expect(items).toMatchObject([
        { runId: newest, number: 2, stepId: "test", line: 1, excerpt: "Error: rounds" },
        { number: 1, line: 2, excerpt: "Error: rounds 100% half" },
      ]);
      expect((await search("100%")).items).toHaveLength(1);
      expect((await search("100_")).items).toEqual([]);
      const page = await search("rounds", { limit: 1 });
      expect(page.items).toMatchObject([{ number: 2 }]);
      const next = await search("rounds", { limit: 1, cursor: page.nextCursor });
      expect(next.items).toMatchObject([{ number: 1 }]);
      expect(await codeOf(search("ab"))).toBe("bad_input");
      expect(await codeOf(as(stranger).history.searchLogs.query({ projectId, words: "rounds" }))).toBe(
        "not_found",
      );
    });

    test("W161 what the newest pages do not hold is found by the index", async () => {
      const { id: projectId } = await newProject();
      const oldest = await packedRun(projectId, "needle in the oldest log");
      await api.sql`insert into run_log_pages (run_id, step_id, org_id, project_id, first_line, lines, body, marks)
        select ${oldest}, 'test', ${orgId}, ${projectId}, n, 1, 'hay ' || n, '[[0, "out", 5]]' from generate_series(1, 400) n`;
      const { items } = await as(viewer).history.searchLogs.query({ projectId, words: "needle" });
      expect(items).toMatchObject([{ runId: oldest, line: 1 }]);
    });

    test("W163 W220 the page of an ended run begins with one answer, with the lines that are seen first", async () => {
      const { id: projectId, slug } = await newProject();
      const id = await packedRun(projectId, "a\nb\nc");
      const [org] = await api.sql`select slug from orgs where id = ${orgId}`;
      const address = { org: String(org!["slug"]), project: slug, number: 1 };
      const opened = await as(viewer).history.open.query({ ...address, step: "test", line: 2 });
      expect(opened).toMatchObject({
        project: { id: projectId, slug, role: "viewer" },
        run: { id, logs: "pages" },
        outline: { logs: [{ stepId: "test", lines: 3 }] },
        first: { stepId: "test", pages: [{ firstLine: 0, body: "a\nb\nc" }] },
      });
      await api.sql`update runs set logs_packed_at = null where id = ${id}`;
      expect(await as(viewer).history.open.query(address)).toMatchObject({ outline: null, first: null });
      expect(await codeOf(as(viewer).history.open.query({ ...address, number: 9 }))).toBe("not_found");
      expect(await codeOf(as(stranger).history.open.query(address))).toBe("not_found");
    });

    test("W163 an ended run is read as outline and pages, and searched line by line", async () => {
      const { id: projectId } = await newProject({ [path]: ciYaml });
      const id = await packedRun(projectId, "a\nb\nneedle\nc");
      for (const [key, event] of [
        ["run.queued", { type: "run.queued" }],
        ["log:test:1:1", { type: "step.log", stepId: "test", chunks: [] }],
        ["run.finished", { type: "run.finished", status: "succeeded" }],
      ] as const)
        await api.sql`insert into run_events (run_id, seq, org_id, key, event)
          select ${id}, coalesce(max(seq), 0) + 1, ${orgId}, ${key}, ${api.sql.json(event)} from run_events where run_id = ${id}`;
      const run = await as(viewer).runs.get.query({ projectId, number: 1 });
      expect(run).toMatchObject({ logs: "pages", attempts: [] });
      const outline = await as(viewer).history.outline.query({ runId: id });
      expect(outline.events.map((stored) => [stored.seq, stored.event.type])).toEqual([
        [1, "run.queued"],
        [3, "run.finished"],
      ]);
      expect(outline.logs).toEqual([
        { stepId: "test", lines: 4, groups: [{ start: 0, end: 1, title: "G" }] },
      ]);
      const step = { runId: id, stepId: "test" };
      expect(await as(viewer).history.logPages.query({ ...step, from: 3, to: 3 })).toEqual([
        { firstLine: 0, lines: 4, body: "a\nb\nneedle\nc", marks: [[0, "out", 5]] },
      ]);
      expect(await as(viewer).history.logPages.query({ ...step, from: 4, to: 9 })).toEqual([]);
      expect(await as(viewer).history.findInLog.query({ ...step, words: "NEEDLE" })).toEqual([2]);
      for (const call of [
        () => as(stranger).history.outline.query({ runId: id }),
        () => as(stranger).history.logPages.query({ ...step, from: 0, to: 0 }),
        () => as(stranger).history.findInLog.query({ ...step, words: "a" }),
        () => as(stranger).history.chain.query({ runId: id }),
      ])
        expect(await codeOf(call())).toBe("not_found");
    });

    test("W165 the chain of artifacts crosses runs: by what they were made from, and by the commit of the run's change", async () => {
      const { id: projectId } = await newProject();
      const [fix, ci, unrelated] = await runsOf(projectId, [
        { name: "Fix" },
        { name: "Deploy", commit: commitOf(77) },
        { name: "Else", commit: commitOf(99) },
      ]);
      const artifact = async (runId: string, kind: string, madeFrom: string[] = []) => {
        const id = randomUUID();
        await api.sql`insert into artifacts (id, org_id, run_id, kind, name, sha256, made_from)
          values (${id}, ${orgId}, ${runId}, ${kind}, ${kind}, '', ${madeFrom})`;
        return id;
      };
      const patch = await artifact(fix!, "patch");
      const link = await artifact(fix!, "pr_link", [patch]);
      const deploy = await artifact(ci!, "deploy_url");
      const notes = await artifact(unrelated!, "release_notes", [link]);
      await artifact(unrelated!, "metrics");
      await api.sql`insert into changes (org_id, project_id, number, title, base_branch, head_branch, head_commit, run_id)
        values (${orgId}, ${projectId}, 1, 'c', 'main', 'w', ${commitOf(77)}, ${fix!})`;
      const chain = await as(viewer).history.chain.query({ runId: fix! });
      expect(new Set(chain.map((each) => each.id))).toEqual(new Set([patch, link, deploy, notes]));
      expect(chain.find((each) => each.id === deploy)).toMatchObject({
        runName: "Deploy",
        commit: commitOf(77),
      });
    });

    test("W166 the attempts around a run are those it runs again and those that run it again", async () => {
      const { id: projectId } = await newProject();
      const [first] = await runsOf(projectId, [{ status: "failed" }]);
      const [second] = await runsOf(projectId, [{ number: 2, rerun_of: first! }]);
      await runsOf(projectId, [{ number: 3, rerun_of: second! }]);
      const { attempts } = await as(viewer).runs.get.query({ projectId, number: 2 });
      expect(attempts).toEqual([
        { number: 1, status: "failed", relation: "earlier" },
        { number: 3, status: "succeeded", relation: "later" },
      ]);
    });

    test("W168 of a run to compare there are its file, its reports and how long its logs are", async () => {
      const { id: projectId } = await newProject();
      const [id] = await runsOf(projectId, [{ snapshot: { yaml: ciYaml } }]);
      await api.sql`insert into artifacts (id, org_id, run_id, kind, name, sha256, data)
        values (${randomUUID()}, ${orgId}, ${id!}, 'test_report', 't', '', '{"passed":3}')`;
      const found = await as(viewer).history.comparable.query({ projectId, number: 1 });
      expect(found).toMatchObject({ run: { id }, yaml: ciYaml, reports: [{ passed: 3 }], logs: [] });
      const compare = (user: TestUser, number: number) =>
        as(user).history.comparable.query({ projectId, number });
      expect(await codeOf(compare(stranger, 1))).toBe("not_found");
      expect(await codeOf(compare(viewer, 2))).toBe("not_found");
    });

    test("W170 admins set how long records are kept, and see what that would delete", async () => {
      const { id: projectId } = await newProject();
      await runsOf(projectId, [
        { finished_at: "2026-01-01T01:00:00Z" },
        { finished_at: "2026-01-01T01:00:00Z" },
      ]);
      const none = {
        logDays: null,
        artifactDays: null,
        runDays: null,
        deliveryDays: null,
        deploymentDays: null,
        deploymentsKept: null,
      };
      const of = { orgId, projectId };
      expect(await as(viewer).retention.get.query(of)).toMatchObject({
        own: none,
        inherited: { logDays: 90, runDays: 400 },
      });
      await as(owner).retention.set.mutate({ orgId, projectId: null, retention: { ...none, logDays: 60 } });
      await as(owner).retention.set.mutate({ ...of, retention: { ...none, runDays: 30 } });
      expect(await as(viewer).retention.get.query(of)).toMatchObject({
        own: { ...none, runDays: 30 },
        inherited: { logDays: 60, runDays: 400 },
      });
      // The second of the two is the newest of its workflow and stays.
      expect(
        await as(owner).retention.preview.query({ ...of, retention: { ...none, runDays: 1 } }),
      ).toMatchObject({ runs: 1 });
      const set = (user: TestUser) => as(user).retention.set.mutate({ ...of, retention: none });
      expect(await codeOf(set(member))).toBe("forbidden");
      expect(await codeOf(set(stranger))).toBe("not_found");
      expect(
        await codeOf(as(owner).retention.set.mutate({ ...of, retention: { ...none, logDays: 0 } })),
      ).toBe("bad_input");
      const audit =
        await api.sql`select action from audit_log where org_id = ${orgId} and action = 'retention.set'`;
      expect(audit).toHaveLength(2);
    });
  });
}
