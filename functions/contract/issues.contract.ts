import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type TestUser, type World } from "./world.ts";

export function describeIssues(world: World): void {
  const { as, failure, codeOf, newProject, commit, append, startedRun } = world;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  beforeAll(() => {
    ({ owner, member, viewer, stranger } = world.people());
  });

  describe("issues", () => {
    test("open, edit, label, comment, close and reopen; a double click is one", async () => {
      const { id: projectId } = await newProject();
      const intent = { id: randomUUID(), projectId, title: "Broken", body: "It is", labels: ["bug"] };
      const [one, two] = await Promise.all([
        as(member).issues.open.mutate(intent),
        as(member).issues.open.mutate(intent),
      ]);
      expect([one, two]).toEqual([{ number: 1 }, { number: 1 }]);
      const issue = { projectId, number: 1 };
      await as(member).issues.edit.mutate({ ...issue, title: "Very broken" });
      await as(member).issues.setLabels.mutate({ ...issue, labels: ["bug", "urgent"] });
      const comment = { ...issue, id: randomUUID(), body: "Me too" };
      await as(owner).issues.comment.mutate(comment);
      await as(owner).issues.comment.mutate(comment);
      await as(member).issues.setState.mutate({ ...issue, state: "closed" });
      const closed = await as(viewer).issues.get.query(issue);
      expect(closed).toMatchObject({
        title: "Very broken",
        body: "It is",
        state: "closed",
        labels: ["bug", "urgent"],
        closedAt: expect.any(String),
        comments: 1,
        timeline: [{ body: "Me too" }],
      });
      await as(member).issues.setState.mutate({ ...issue, state: "open" });
      expect(await as(viewer).issues.get.query(issue)).toMatchObject({ state: "open", closedAt: null });
      expect(await as(viewer).issues.labels.query({ projectId })).toEqual(["bug", "urgent"]);
    });

    test("lists by page, state, label and words, newest first", async () => {
      const { id: projectId } = await newProject();
      for (const [title, labels] of [
        ["Login fails", ["bug"]],
        ["100% CPU", ["bug", "slow"]],
        ["Dark mode", []],
      ] as const)
        await as(member).issues.open.mutate({ id: randomUUID(), projectId, title, labels: [...labels] });
      await as(member).issues.setState.mutate({ projectId, number: 1, state: "closed" });
      const list = async (filter: object) =>
        (await as(viewer).issues.list.query({ projectId, ...filter })).map((issue) => issue.number);
      expect(await list({})).toEqual([3, 2, 1]);
      expect(await list({ limit: 2 })).toEqual([3, 2]);
      expect(await list({ limit: 2, before: 2 })).toEqual([1]);
      expect(await list({ state: "open" })).toEqual([3, 2]);
      expect(await list({ label: "bug" })).toEqual([2, 1]);
      expect(await list({ search: "LOGIN" })).toEqual([1]);
      // A per cent sign is one, and no wildcard.
      expect(await list({ search: "0% cpu" })).toEqual([2]);
      expect(await list({ search: "1%u" })).toEqual([]);
    });

    test("a viewer reads, a stranger learns nothing, labels are labels", async () => {
      const { id: projectId } = await newProject();
      const intent = { id: randomUUID(), projectId, title: "x" };
      expect(await codeOf(as(viewer).issues.open.mutate(intent))).toBe("forbidden");
      expect(await codeOf(as(stranger).issues.open.mutate(intent))).toBe("not_found");
      expect(await codeOf(as(stranger).issues.list.query({ projectId }))).toBe("not_found");
      await as(owner).issues.open.mutate(intent);
      const say = { projectId, number: 1, id: randomUUID(), body: "x" };
      expect(await codeOf(as(viewer).issues.comment.mutate(say))).toBe("forbidden");
      expect(await codeOf(as(owner).issues.comment.mutate({ ...say, number: 9 }))).toBe("not_found");
      const label = (labels: string[]) =>
        codeOf(as(owner).issues.setLabels.mutate({ projectId, number: 1, labels }));
      expect(await label(["a,b"])).toBe("bad_input");
      expect(await label(["Bug", "bug"])).toBe("bad_input");
    });
  });

  describe("checks", () => {
    test("a required check must have passed on the head, reported by a member or made by a run", async () => {
      const { id: projectId } = await newProject({ "a.txt": "one\n" });
      const { commit: head } = await commit(projectId, "feature", { "a.txt": "two\n" });
      const setRequired = (user: TestUser) =>
        as(user).checks.setRequired.mutate({ projectId, checks: ["Build"] });
      expect(await codeOf(setRequired(member))).toBe("forbidden");
      await setRequired(owner);
      const { number } = await as(member).changes.open.mutate({
        projectId,
        title: "Two",
        body: "",
        head: "feature",
        draft: true,
        labels: ["size/s"],
      });
      const merge = () => as(member).changes.merge.mutate({ projectId, number, expectedHead: head });
      expect(await failure(merge())).toMatchObject({
        code: "conflict",
        message: expect.stringContaining("draft"),
      });
      await as(member).changes.edit.mutate({ projectId, number, draft: false });
      expect(await failure(merge())).toMatchObject({
        code: "conflict",
        message: expect.stringContaining("Build has not passed"),
        details: { missingChecks: ["Build"], commit: head },
      });
      const report = { projectId, commit: head, name: "Build", status: "passed", source: "ci" } as const;
      expect(await codeOf(as(viewer).checks.report.mutate(report))).toBe("forbidden");
      await as(member).checks.report.mutate(report);
      expect(await as(viewer).changes.get.query({ projectId, number })).toMatchObject({
        draft: false,
        labels: ["size/s"],
        requiredChecks: ["Build"],
        checks: [{ name: "Build", status: "passed", source: "ci", runNumber: null }],
      });
      expect(await as(viewer).checks.required.query({ projectId })).toEqual({
        required: ["Build"],
        known: ["Build"],
      });
      await as(member).issues.comment.mutate({ projectId, number, id: randomUUID(), body: "Good" });
      await merge();
      expect(await as(viewer).changes.get.query({ projectId, number })).toMatchObject({
        status: "merged",
        timeline: [{ body: "Good" }],
      });
      const delivered = await world.people().api.sql`
        select event, payload -> 'actor' ->> 'id' as by from deliveries where project_id = ${projectId} and event = 'pull_request.merged'`;
      expect([...delivered]).toEqual([{ event: "pull_request.merged", by: member.id }]);
    });

    test("the steps of a run are checks of its commit, with its number", async () => {
      const { id, projectId, head } = await startedRun();
      await append(id, "done", { type: "step.finished", stepId: "test", status: "succeeded", outputs: {} });
      expect(await as(viewer).checks.list.query({ projectId, commit: head })).toMatchObject([
        { name: "Run tests", status: "passed", source: "coder", runNumber: 1 },
      ]);
    });
  });
}
