import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { ciYaml, type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeDecisions(world: World): void {
  const { as, codeOf, newProject, append, startedRun } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });

  describe("approvals", () => {
    async function waiting(approvers: string[], selfApproval: boolean) {
      const run = await startedRun();
      const approvalId = randomUUID();
      await api.sql`insert into approvals (id, org_id, project_id, run_id, step_id, reason, content_hash, approvers, self_approval)
        values (${approvalId}, ${orgId}, ${run.projectId}, ${run.id}, 'test', 'Deploy?', 'hash-1', ${approvers}, ${selfApproval})`;
      return { ...run, approvalId };
    }

    test("the inbox shows what waits in my organisations, and failed runs", async () => {
      const { approvalId, id, projectId } = await waiting([], true);
      const inbox = await as(viewer).approvals.inbox.query();
      expect(inbox.waiting.find((one) => one.id === approvalId)).toMatchObject({
        reason: "Deploy?",
        runId: id,
        projectId,
        orgSlug: "acme",
      });
      expect((await as(stranger).approvals.inbox.query()).waiting).toEqual([]);
      const failure_ = { code: "command_failed", message: "exit 1" };
      await append(id, "end", { type: "run.finished", status: "failed", failure: failure_, outputs: {} });
      const after = await as(viewer).approvals.inbox.query();
      expect(after.waiting.find((one) => one.id === approvalId)).toBeUndefined();
      expect(after.failedRuns.find((one) => one.id === id)).toMatchObject({ failure: failure_, projectId });
    });

    test("W235 a decision names the hash that was shown, comes from an approver, and counts once", async () => {
      const { approvalId, id } = await waiting(["role:admin"], false);
      const decide = (user: TestUser, contentHash: string) =>
        as(user).approvals.decide.mutate({ approvalId, decision: "approved", contentHash });
      expect(await codeOf(decide(stranger, "hash-1"))).toBe("not_found");
      expect(await codeOf(decide(viewer, "hash-1"))).toBe("forbidden");
      expect(await codeOf(decide(member, "hash-1"))).toBe("forbidden");
      // The owner may approve for admins, but started this run.
      expect(await codeOf(decide(owner, "hash-1"))).toBe("forbidden");
      const admin = await api.addUser("admin");
      await as(owner).orgs.setMember.mutate({ orgId, email: admin.email, role: "admin" });
      expect(await codeOf(decide(admin, "hash-2"))).toBe("conflict");
      await decide(admin, "hash-1");
      await decide(admin, "hash-1");
      const events = await as(viewer).runs.eventsAfter.query({ runId: id, afterSeq: 0 });
      expect(events.filter((stored) => stored.event.type === "approval.decided")).toHaveLength(1);
      const rejected = as(admin).approvals.decide.mutate({
        approvalId,
        decision: "rejected",
        contentHash: "hash-1",
      });
      expect(await codeOf(rejected)).toBe("conflict");
    });
  });

  describe("operationalize", () => {
    async function proposal(runId: string, baseCommit: string, paths: string[]) {
      const trial = { outcome: "green", summary: "green in 3 s", durationMs: 3000, failedStep: null };
      const files = paths.map((path) => ({
        path,
        content: ciYaml,
        purpose: "Checks.",
        permissions: ["Reads."],
        trial,
      }));
      const data = { baseCommit, findings: ["Vite"], files, leftOut: [] };
      const artifact = {
        id: randomUUID(),
        kind: "proposal",
        name: "Proposal",
        stepId: "propose",
        sha256: "",
        size: 0,
        data,
        madeFrom: [],
      };
      await append(runId, `artifact:${artifact.id}`, { type: "artifact.created", artifact });
      await append(runId, "end", { type: "run.finished", status: "succeeded", failure: null, outputs: {} });
    }

    test("start plans the fixed steps at the default branch's head; an empty repository has nothing to read", async () => {
      const { id: projectId, head } = await newProject();
      const intent = { id: randomUUID(), projectId };
      expect(await as(member).operationalize.start.mutate(intent)).toEqual({ number: 1 });
      expect(await as(member).operationalize.start.mutate(intent)).toEqual({ number: 1 });
      const run = await as(viewer).runs.get.query({ projectId, number: 1 });
      expect(run).toMatchObject({ kind: "operationalize", workflowPath: "operationalize", commit: head });
      expect(run.steps.map((step) => [step.id, step.type])).toEqual(
        ["read", "ci", "dependency-updates", "release", "propose"].map((id) => [id, "operationalize"]),
      );
      const empty = await newProject({}, "Bare");
      expect(
        await codeOf(as(member).operationalize.start.mutate({ id: randomUUID(), projectId: empty.id })),
      ).toBe("conflict");
    });

    test("openChange makes one change of the proposal, once; nothing proposed is no change", async () => {
      const { id: projectId, head } = await newProject();
      const start = async () => {
        const id = randomUUID();
        await as(owner).operationalize.start.mutate({ id, projectId });
        return id;
      };
      const runId = await start();
      expect(await codeOf(as(owner).operationalize.openChange.mutate({ runId }))).toBe("conflict");
      await proposal(runId, head, [".coder/workflows/ci.yaml"]);
      expect(await codeOf(as(viewer).operationalize.openChange.mutate({ runId }))).toBe("forbidden");
      expect(await codeOf(as(stranger).operationalize.openChange.mutate({ runId }))).toBe("not_found");
      expect(await as(owner).operationalize.openChange.mutate({ runId })).toEqual({ changeNumber: 1 });
      expect(await as(owner).operationalize.openChange.mutate({ runId })).toEqual({ changeNumber: 1 });
      const change = await as(viewer).changes.get.query({ projectId, number: 1 });
      expect(change.body).toContain("Tried: green in 3 s");
      expect(change).toMatchObject({
        headBranch: "coder/operationalize",
        runId,
        diff: { files: [{ path: ".coder/workflows/ci.yaml", status: "added" }] },
      });

      // A newer proposal replaces what an older one left on the branch.
      const second = await start();
      await proposal(second, head, [".coder/workflows/release.yaml"]);
      expect(await as(owner).operationalize.openChange.mutate({ runId: second })).toEqual({
        changeNumber: 1,
      });
      const replaced = await as(viewer).changes.get.query({ projectId, number: 1 });
      expect(replaced.diff.files.map((file) => file.path)).toEqual([".coder/workflows/release.yaml"]);
      await as(owner).changes.merge.mutate({ projectId, number: 1, expectedHead: replaced.headCommit });
      expect(await as(owner).operationalize.openChange.mutate({ runId: second })).toEqual({
        changeNumber: 1,
      });

      const third = await start();
      await proposal(third, head, []);
      expect(await as(owner).operationalize.openChange.mutate({ runId: third })).toEqual({ nothing: true });
      expect(await as(viewer).changes.list.query({ projectId })).toHaveLength(1);
    });
  });
}
