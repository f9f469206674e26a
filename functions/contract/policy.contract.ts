import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyAuditChain } from "../../shared/audit/verifyAuditChain.ts";
import type { ApiFixture, TestUser, World } from "./world.ts";

export function describePolicy(world: World): void {
  const { as, codeOf, failure, newProject, commit, append, startedRun } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });
  const yaml = (policies: string) =>
    `name: CI\npolicies: ${policies}\nsteps: [{ type: command, command: "true" }]\n`;
  const nameOf = (user: TestUser) => user.email.split("@")[0];
  const path = ".coder/workflows/ci.yaml";

  describe("what-if", () => {
    const decided = async () => {
      const run = await startedRun();
      const allowed = (action: string, input: object) =>
        append(run.id, `${action} ${randomUUID()}`, {
          type: "policy.allowed",
          stepId: "test",
          action,
          rule: "default",
          input: { action, ...input },
        });
      await allowed("deploy.prod", { passedChecks: ["Run tests"] });
      const patch = { entries: [{ path: "docs/a.md", mode: "100644" }], files: 1, bytes: 3 };
      await allowed("pull_request.open", { patch });
      return run;
    };
    const ask = (user: TestUser, projectId: string, edited: { yaml: string }) =>
      as(user).policy.whatIf.mutate({ projectId, workflowPath: path, edited });

    test("W146 an edited policy lists what would newly be denied and asked, with old and new rule; the same policy nothing", async () => {
      const run = await decided();
      const edited = yaml(
        "{ repo: { blocked_paths: [docs/] }, gates: { require_human_approval_for: [deploy.prod] } }",
      );
      expect(await ask(viewer, run.projectId, { yaml: edited })).toEqual({
        runs: 1,
        decisions: 2,
        differences: [
          expect.objectContaining({
            runNumber: 1,
            stepId: "test",
            action: "deploy.prod",
            answer: "allow",
            rule: "default",
            newAnswer: "ask",
            newRule: "gates.require_human_approval_for[0]",
          }),
          expect.objectContaining({
            action: "pull_request.open",
            newAnswer: "deny",
            newRule: "repo.blocked_paths[0]",
          }),
        ],
      });
      const same = await ask(member, run.projectId, { yaml: yaml("{}") });
      expect(same).toEqual({ runs: 1, decisions: 2, differences: [] });
      expect(await codeOf(ask(stranger, run.projectId, { yaml: edited }))).toBe("not_found");
    });

    test("W146 a file that may not run is refused with its problems", async () => {
      const { id } = await newProject();
      const refused = await failure(ask(member, id, { yaml: yaml("{ repos: {} }") }));
      expect(refused).toMatchObject({ code: "bad_input", message: expect.stringContaining("repos") });
    });
  });

  describe("freezes", () => {
    test("W138 a frozen project takes no commit, merge, share or secret; everything else goes on; lifted, all is as before", async () => {
      const { id: projectId } = await newProject({ "a.txt": "one\n" });
      const { commit: head } = await commit(projectId, "feature", { "a.txt": "two\n" });
      const { number } = await as(member).changes.open.mutate({
        projectId,
        title: "Two",
        body: "",
        head: "feature",
      });
      const set = (user: TestUser) => as(user).freezes.set.mutate({ orgId, projectId, reason: "Incident 7" });
      expect([await codeOf(set(viewer)), await codeOf(set(member)), await codeOf(set(stranger))]).toEqual([
        "forbidden",
        "forbidden",
        "not_found",
      ]);
      const { id } = await set(owner);
      expect((await as(viewer).freezes.open.query()).find((one) => one.id === id)).toMatchObject({
        orgId,
        projectId,
        reason: "Incident 7",
        by: nameOf(owner),
      });
      const merge = () => as(member).changes.merge.mutate({ projectId, number, expectedHead: head });
      const refused = await failure(merge());
      expect(refused).toMatchObject({ code: "forbidden", message: expect.stringContaining("Incident 7") });
      expect(await codeOf(commit(projectId, "feature", { "b.txt": "b\n" }))).toBe("forbidden");
      expect(await codeOf(as(owner).projects.delete.mutate({ id: projectId, confirmSlug: "x" }))).toBe(
        "bad_input",
      );
      expect((await as(viewer).changes.get.query({ projectId, number })).status).toBe("open");
      expect((await as(viewer).files.log.query({ projectId, ref: "main" })).commits).toHaveLength(1);
      await as(owner).freezes.lift.mutate({ id });
      expect((await merge()).commit).toMatch(/^[0-9a-f]{40}$/);
      const { items } = await as(owner).audit.list.query({ orgId, projectId });
      expect(items.map((one) => [one.action, one.decision, one.rule, one.actorName]).reverse()).toEqual([
        ["freeze.set", "allow", "role:admin", nameOf(owner)],
        ["repository.write", "deny", "freeze", nameOf(owner)],
        ["freeze.lift", "allow", "role:admin", nameOf(owner)],
        ["change.merged", "allow", "role:member", nameOf(member)],
      ]);
    });
  });

  describe("the audit log", () => {
    const exported = (user: TestUser, org: string) =>
      fetch(`${api.origin}/functions/v1/api/audit/export?org=${org}`, {
        headers: { authorization: `Bearer ${user.token}` },
      });

    test("W152 admins read it page by page and filtered; others are refused", async () => {
      const page = await as(owner).audit.list.query({ orgId, limit: 2 });
      expect(page.items).toHaveLength(2);
      expect(page.head).toEqual({ seq: page.items[0]!.seq, hash: page.items[0]!.hash });
      const next = await as(owner).audit.list.query({ orgId, limit: 2, cursor: page.nextCursor });
      expect(next.items[0]!.seq).toBe(page.items[1]!.seq - 1);
      const added = await as(owner).audit.list.query({ orgId, action: "member.", decision: "allow" });
      expect(added.items.length).toBeGreaterThanOrEqual(2);
      expect(added.items.every((one) => one.action.startsWith("member."))).toBe(true);
      const later = new Date(Date.now() + 60_000).toISOString();
      expect((await as(owner).audit.list.query({ orgId, from: later })).items).toEqual([]);
      expect(await codeOf(as(member).audit.list.query({ orgId }))).toBe("forbidden");
      expect(await codeOf(as(stranger).audit.list.query({ orgId }))).toBe("not_found");
    });

    test("W153 the export is the whole log as lines that verify, in pages; a changed line is found", async () => {
      await api.sql`
        select private.audit(${orgId}, jsonb_build_object('actor', 'system', 'action', 'test.many', 'decision', 'deny', 'rule', 'r' || i)) from generate_series(1, 1100) i`;
      const response = await exported(owner, orgId);
      expect(response.headers.get("content-type")).toBe("application/x-ndjson");
      const text = await response.text();
      const lines = text.split("\n").slice(0, -1);
      const { head } = await as(owner).audit.list.query({ orgId, limit: 1 });
      expect(lines).toHaveLength(head.seq + 1);
      expect(await verifyAuditChain(lines, head)).toEqual({ ok: true, entries: head.seq, head });
      const changed = lines.with(600, lines[600]!.replace("test.many", "test.none"));
      expect(await verifyAuditChain(changed)).toMatchObject({ ok: false, line: 601 });
      expect((await exported(member, orgId)).status).toBe(403);
      expect((await exported(stranger, orgId)).status).toBe(404);
      expect((await exported(owner, "x")).status).toBe(400);
    });
  });

  describe("approvals that were decided", () => {
    test("W145 are shown with who decided, when and why", async () => {
      const run = await startedRun();
      const approvalId = randomUUID();
      await api.sql`insert into approvals (id, org_id, project_id, run_id, step_id, reason, content_hash, rule)
        values (${approvalId}, ${orgId}, ${run.projectId}, ${run.id}, 'test', 'Deploy?', 'hash-1', 'gates.require_human_approval_for[0]')`;
      await as(member).approvals.decide.mutate({
        approvalId,
        decision: "rejected",
        contentHash: "hash-1",
        comment: "Not on a Friday",
      });
      const [decided] = await as(viewer).approvals.history.query({ projectId: run.projectId });
      expect(decided).toMatchObject({
        id: approvalId,
        status: "rejected",
        decidedBy: nameOf(member),
        comment: "Not on a Friday",
        rule: "gates.require_human_approval_for[0]",
      });
      expect(await codeOf(as(stranger).approvals.history.query({ projectId: run.projectId }))).toBe(
        "not_found",
      );
    });

    test("W221 are narrowed by run and outcome, over every project that the caller sees", async () => {
      const [one, other] = [await startedRun(), await startedRun()];
      for (const [run, status] of [
        [one, "approved"],
        [one, "void"],
        [other, "expired"],
      ] as const)
        await api.sql`insert into approvals (id, org_id, project_id, run_id, step_id, reason, content_hash, status, decided_at)
          values (${randomUUID()}, ${orgId}, ${run.projectId}, ${run.id}, 'test', 'Deploy?', 'hash-1', ${status}, now())`;
      const decided = async (filter: object) =>
        (await as(viewer).approvals.history.query(filter)).map((each) => [each.runId, each.status]);
      expect(await decided({ runId: one.id, status: "void" })).toEqual([[one.id, "void"]]);
      expect(await decided({ runId: one.id })).toHaveLength(2);
      const everywhere = await decided({});
      expect(everywhere).toContainEqual([one.id, "approved"]);
      expect(everywhere).toContainEqual([other.id, "expired"]);
      expect(await as(stranger).approvals.history.query({ runId: one.id })).toEqual([]);
    });

    test("W221 are paged by place: what was asked for at the same moment is on one page only, and on one", async () => {
      const run = await startedRun();
      const ids = Array.from({ length: 5 }, () => randomUUID());
      await api.sql`insert into approvals (id, org_id, project_id, run_id, step_id, reason, content_hash, status, decided_at)
        select id::uuid, ${orgId}, ${run.projectId}, ${run.id}, 'test', 'Deploy?', 'hash-1', 'approved', now()
        from unnest(${ids}::text[]) id`;
      const seen: string[] = [];
      for (let before: string | undefined; seen.length < 10; before = seen.at(-1)) {
        const page = await as(viewer).approvals.history.query({ runId: run.id, limit: 2, before });
        seen.push(...page.map((each) => each.id));
        if (page.length < 2) break;
      }
      expect(seen.toSorted()).toEqual(ids.toSorted());
    });
  });
}
