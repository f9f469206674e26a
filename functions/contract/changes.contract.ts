import { beforeAll, describe, expect, test } from "vitest";
import { type TestUser, type World } from "./world.ts";

export function describeChanges(world: World): void {
  const { as, failure, codeOf, newProject, commit } = world;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  beforeAll(() => {
    ({ owner, member, viewer, stranger } = world.people());
  });

  describe("changes", () => {
    test("open, look, merge: the reviewed head only, once, with the diff kept", async () => {
      const { id } = await newProject({ "a.txt": "one\n" });
      const { commit: first } = await commit(id, "feature", { "a.txt": "two\n" });
      const { number } = await as(member).changes.open.mutate({
        projectId: id,
        title: "Two",
        body: "why",
        head: "feature",
      });
      const open = await as(viewer).changes.get.query({ projectId: id, number });
      expect(open).toMatchObject({
        number: 1,
        status: "open",
        baseBranch: "main",
        headBranch: "feature",
        headCommit: first,
      });
      expect(open.diff.files).toEqual([
        { path: "a.txt", status: "modified", additions: 1, deletions: 1, binary: false },
      ]);
      const { commit: moved } = await commit(id, "feature", { "b.txt": "new\n" });
      const late = await failure(
        as(member).changes.merge.mutate({ projectId: id, number, expectedHead: first }),
      );
      expect(late).toMatchObject({ code: "conflict", details: { head: moved } });
      const merge = { projectId: id, number, expectedHead: moved };
      expect(await codeOf(as(viewer).changes.merge.mutate(merge))).toBe("forbidden");
      expect(await codeOf(as(stranger).changes.merge.mutate(merge))).toBe("not_found");
      const [one, two] = await Promise.all([
        as(member).changes.merge.mutate(merge),
        as(member).changes.merge.mutate(merge),
      ]);
      expect(two).toEqual(one);
      const { commits } = await as(viewer).files.log.query({ projectId: id, ref: "main" });
      expect(commits.filter((entry) => entry.parents.length === 2)).toHaveLength(1);
      const merged = await as(viewer).changes.get.query({ projectId: id, number });
      expect(merged).toMatchObject({ status: "merged", mergedCommit: one.commit, headCommit: moved });
      expect(merged.diff.files.map((file) => file.path)).toEqual(["a.txt", "b.txt"]);
      expect(await codeOf(as(member).changes.close.mutate({ projectId: id, number }))).toBe("conflict");
    });

    test("a merge conflict names the paths and changes nothing", async () => {
      const { id } = await newProject({ "a.txt": "one\n" });
      const { commit: head } = await commit(id, "mine", { "a.txt": "mine\n" });
      await commit(id, "main", { "a.txt": "theirs\n" });
      const { number } = await as(owner).changes.open.mutate({
        projectId: id,
        title: "Mine",
        body: "",
        head: "mine",
      });
      const refused = await failure(
        as(owner).changes.merge.mutate({ projectId: id, number, expectedHead: head }),
      );
      expect(refused).toMatchObject({ code: "conflict", details: { conflicts: ["a.txt"] } });
      expect(await as(owner).changes.list.query({ projectId: id, status: "open" })).toHaveLength(1);
    });

    test("one open change per branch; closed ones keep their diff; unknown branches are not found", async () => {
      const { id } = await newProject({ "a.txt": "one\n" });
      await commit(id, "work", { "w.txt": "w\n" });
      const open = (title: string) =>
        as(owner).changes.open.mutate({ projectId: id, title, body: "", head: "work" });
      expect(await open("First")).toEqual({ number: 1 });
      expect(await open("Better title")).toEqual({ number: 1 });
      await as(owner).changes.close.mutate({ projectId: id, number: 1 });
      await as(owner).changes.close.mutate({ projectId: id, number: 1 });
      const closed = await as(owner).changes.get.query({ projectId: id, number: 1 });
      expect(closed).toMatchObject({
        title: "Better title",
        status: "closed",
        diff: { files: [{ path: "w.txt" }] },
      });
      expect(await open("Again")).toEqual({ number: 2 });
      const bad = { projectId: id, title: "x", body: "", head: "nowhere" };
      expect(await codeOf(as(owner).changes.open.mutate(bad))).toBe("not_found");
      expect(await codeOf(as(owner).changes.open.mutate({ ...bad, head: "main" }))).toBe("bad_input");
      expect(await codeOf(as(stranger).changes.list.query({ projectId: id }))).toBe("not_found");
      expect(await codeOf(as(viewer).changes.close.mutate({ projectId: id, number: 2 }))).toBe("forbidden");
    });
  });
}
