import { randomUUID } from "node:crypto";
import { zipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import { utf8, type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeProjects(world: World): void {
  const { as, failure, codeOf, newProject } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });

  describe("projects", () => {
    test("create makes the row and the repository; the same intent twice is one project", async () => {
      const intent = {
        id: randomUUID(),
        orgId,
        name: "Ünser Shop!",
        source: "vanilla-ts",
        files: [{ path: "src/main.ts", content: utf8("export {};\n") }],
      };
      const [first, second] = await Promise.all([
        as(member).projects.create.mutate(intent),
        as(member).projects.create.mutate(intent),
      ]);
      expect(second).toEqual(first);
      expect(first.slug).toMatch(/^u-?nser-shop/);
      const listed = await as(viewer).projects.list.query({ orgId });
      expect(listed.filter((one) => one.id === intent.id)).toHaveLength(1);
      const { commits } = await as(viewer).files.log.query({ projectId: intent.id, ref: "main" });
      expect(commits).toHaveLength(1);
      expect(commits[0]).toMatchObject({ email: member.email, parents: [] });
    });

    test("two projects of one name get two addresses", async () => {
      const one = await newProject({}, "Twin");
      const two = await newProject({}, "Twin");
      expect([one.slug, two.slug]).toEqual(["twin", "twin-2"]);
    });

    test("bySlug answers the project with the caller's role, to members only", async () => {
      const { id, slug } = await newProject();
      const { orgSlug, ...project } = await as(viewer).projects.bySlug.query({ org: "acme", slug });
      expect(project).toMatchObject({
        id,
        slug,
        role: "viewer",
        lastRun: null,
        previewUrl: null,
        defaultBranch: "main",
      });
      expect(new Date(project.updatedAt).toISOString().slice(0, 10)).toBe(project.updatedAt.slice(0, 10));
      expect(await codeOf(as(stranger).projects.bySlug.query({ org: orgSlug, slug }))).toBe("not_found");
      expect((await as(stranger).projects.list.query()).map((one) => one.id)).toEqual([]);
    });

    test("viewers and strangers create nothing", async () => {
      const intent = () => ({ id: randomUUID(), orgId, name: "No", source: "blank" });
      expect(await codeOf(as(viewer).projects.create.mutate(intent()))).toBe("forbidden");
      expect(await codeOf(as(stranger).projects.create.mutate(intent()))).toBe("not_found");
    });

    test("an id that another organisation uses is a conflict and tells nothing", async () => {
      const { id } = await newProject();
      const taken = { id, orgId: stranger.orgId, name: "Mine", source: "blank" };
      expect(await codeOf(as(stranger).projects.create.mutate(taken))).toBe("conflict");
    });

    test("when the repository cannot be made there is no project, and the same intent works later", async () => {
      const intent = { id: randomUUID(), orgId, name: "Unlucky", source: "blank" };
      const failed = await api.whileForgeIsDown(() => failure(as(member).projects.create.mutate(intent)));
      expect(failed.code).toBe("unavailable");
      expect(await api.sql`select 1 from projects where id = ${intent.id}`).toHaveLength(0);
      expect(await as(member).projects.create.mutate(intent)).toMatchObject({ slug: "unlucky" });
    });

    test("importZip brings the files, and a bad zip leaves nothing", async () => {
      const zip = zipSync({
        "app/index.html": Buffer.from("<h1>Hi</h1>"),
        "app/a/b.txt": Buffer.from("b"),
      });
      const id = randomUUID();
      const intent = { id, orgId, name: "Zipped", zip: Buffer.from(zip).toString("base64") };
      await as(owner).projects.importZip.mutate(intent);
      await as(owner).projects.importZip.mutate(intent);
      const { entries } = await as(owner).files.tree.query({ projectId: id, ref: "main" });
      expect(entries.map((entry) => entry.path)).toEqual(["a/b.txt", "index.html"]);
      const bad = { id: randomUUID(), orgId, name: "Bad zip", zip: utf8("this is no zip") };
      expect(await codeOf(as(owner).projects.importZip.mutate(bad))).toBe("bad_input");
      expect(await api.sql`select 1 from projects where id = ${bad.id}`).toHaveLength(0);
    });

    test("importGit names the project after the repository, and what cannot be cloned leaves nothing", async () => {
      const id = randomUUID();
      const made = await as(owner).projects.importGit.mutate({
        id,
        orgId,
        url: `${api.origin}/public/origin.git`,
      });
      expect(made.slug).toMatch(/^origin(?:-\d+)?$/);
      const { entries } = await as(owner).files.tree.query({ projectId: id, ref: "main" });
      expect(entries.map((entry) => entry.path)).toEqual(["index.html"]);
      const missing = { id: randomUUID(), orgId, url: `${api.origin}/public/nothing-there.git` };
      await failure(as(owner).projects.importGit.mutate(missing));
      expect(await api.sql`select 1 from projects where id = ${missing.id}`).toHaveLength(0);
    });

    test("rename keeps the address; delete is for admins, asks for the slug, and takes the repository", async () => {
      const { id, slug } = await newProject();
      await as(member).projects.rename.mutate({ id, name: "Other name" });
      expect(await as(owner).projects.bySlug.query({ org: "acme", slug })).toMatchObject({
        name: "Other name",
      });
      expect(await codeOf(as(viewer).projects.rename.mutate({ id, name: "X" }))).toBe("forbidden");
      expect(await codeOf(as(member).projects.delete.mutate({ id, confirmSlug: slug }))).toBe("forbidden");
      expect(await codeOf(as(owner).projects.delete.mutate({ id, confirmSlug: "x" }))).toBe("bad_input");
      const down = await api.whileForgeIsDown(() =>
        failure(as(owner).projects.delete.mutate({ id, confirmSlug: slug })),
      );
      expect(down.code).toBe("unavailable");
      expect(await as(owner).files.tree.query({ projectId: id, ref: "main" })).toMatchObject({
        entries: [{}],
      });
      await as(owner).projects.delete.mutate({ id, confirmSlug: slug });
      expect(await codeOf(as(owner).files.refs.query({ projectId: id }))).toBe("not_found");
    });
  });
}
