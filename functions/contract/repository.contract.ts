import { beforeAll, describe, expect, test } from "vitest";
import { utf8, sha256, type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeRepository(world: World): void {
  const { as, failure, codeOf, newProject } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger } = world.people());
  });

  describe("files", () => {
    test("commit moves the branch only from the head that was edited", async () => {
      const { id, head } = await newProject({ "a.txt": "one\n", "b.bin": "\u0000\u0001" });
      const edit = {
        projectId: id,
        branch: "main",
        expectedHead: head,
        message: "Second",
        files: [
          { path: "a.txt", content: "two\n" },
          { path: "b.bin", content: null },
          {
            path: "c/d.bin",
            content: Buffer.from([0, 255, 254]).toString("base64"),
            encoding: "base64" as const,
          },
        ],
      };
      const { commit: second } = await as(member).files.commit.mutate(edit);
      expect(await failure(as(member).files.commit.mutate(edit))).toMatchObject({
        code: "conflict",
        details: { head: second },
      });
      expect(await codeOf(as(viewer).files.commit.mutate({ ...edit, expectedHead: second }))).toBe(
        "forbidden",
      );
      const all = await as(viewer).files.all.query({ projectId: id, ref: "main" });
      expect(all.commit).toBe(second);
      expect(Object.fromEntries(all.files.map((file) => [file.path, file.content]))).toEqual({
        "a.txt": utf8("two\n"),
        "c/d.bin": Buffer.from([0, 255, 254]).toString("base64"),
      });
      expect(await as(viewer).files.read.query({ projectId: id, ref: head, path: "a.txt" })).toEqual({
        content: utf8("one\n"),
      });
      expect(await codeOf(as(viewer).files.read.query({ projectId: id, ref: head, path: "nope" }))).toBe(
        "not_found",
      );
      const { commits } = await as(viewer).files.log.query({ projectId: id, ref: "main", limit: 1 });
      expect(commits.map((one) => one.message)).toEqual(["Second"]);
      const before = await as(viewer).files.log.query({ projectId: id, ref: "main", before: second });
      expect(before.commits.map((one) => one.sha)).toEqual([head]);
    });

    test("paths and refs that leave the repository are refused before it is asked", async () => {
      const { id, head } = await newProject();
      for (const path of ["../x", "/etc/passwd", "a//b", ".git/config", "a/.GIT/x", "a\\b", "a/./b"]) {
        const files = [{ path, content: "x" }];
        const call = as(owner).files.commit.mutate({
          projectId: id,
          branch: "main",
          expectedHead: head,
          message: "m",
          files,
        });
        expect([path, await codeOf(call)]).toEqual([path, "bad_input"]);
      }
      for (const ref of ["--upload-pack=x", "a..b", "main@{1}", "a b", "x~1", "/main", "main/", "a.lock"]) {
        const code = await codeOf(as(owner).files.tree.query({ projectId: id, ref }));
        expect([ref, code]).toEqual([ref, "bad_input"]);
      }
    });
  });

  describe("git tokens", () => {
    test("a token is shown once, stored as a hash, works for its project, and is dead once revoked", async () => {
      const { id } = await newProject();
      const made = await as(member).gitTokens.create.mutate({
        projectId: id,
        name: "Laptop",
        scope: "read",
      });
      expect(made.token).toMatch(/^cgt_[\w-]{43}$/);
      const read = () =>
        fetch(`${api.origin}/forge/v1/${id}/refs`, { headers: { authorization: `Bearer ${made.token}` } });
      expect((await read()).status).toBe(200);
      const [row] =
        await api.sql`select encode(token_hash, 'hex') as hash from git_tokens where id = ${made.id}`;
      expect(row).toEqual({ hash: sha256(made.token) });
      const listed = await as(viewer).gitTokens.list.query({ projectId: id });
      expect(listed).toMatchObject([{ id: made.id, name: "Laptop", scope: "read", revokedAt: null }]);
      expect(JSON.stringify(listed)).not.toContain(made.token);
      expect(await codeOf(as(viewer).gitTokens.revoke.mutate({ tokenId: made.id }))).toBe("forbidden");
      expect(await codeOf(as(stranger).gitTokens.revoke.mutate({ tokenId: made.id }))).toBe("not_found");
      await as(owner).gitTokens.revoke.mutate({ tokenId: made.id });
      const [revoked] = await as(viewer).gitTokens.list.query({ projectId: id });
      await as(owner).gitTokens.revoke.mutate({ tokenId: made.id });
      expect(await as(viewer).gitTokens.list.query({ projectId: id })).toMatchObject([
        { revokedAt: revoked!.revokedAt },
      ]);
      expect((await read()).status).toBe(401);
      expect(
        await codeOf(as(viewer).gitTokens.create.mutate({ projectId: id, name: "x", scope: "read" })),
      ).toBe("forbidden");
    });
  });
}
