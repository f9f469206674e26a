import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importZip } from "./importZip.ts";
import { Repository } from "./repository.ts";
import { branchName, repositoryPath } from "./repositoryPath.ts";

const ada = { name: "Ada <L>", email: "ada@example.com" };
const text = (content: string) => new TextEncoder().encode(content);
let directory: string;
let count = 0;

async function newRepository(
  files: Record<string, string> = { "README.md": "# Shop\n" },
): Promise<Repository> {
  count += 1;
  const repository = new Repository(join(directory, `${count}.git`), "main");
  await repository.create();
  await repository.importCommit({
    branch: "main",
    current: null,
    from: null,
    author: ada,
    message: "First",
    files: Object.entries(files).map(([path, content]) => ({ path, content: text(content) })),
  });
  return repository;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "coder-forge-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe("Repository", () => {
  test("a commit writes, replaces and deletes files, and reads back byte for byte", async () => {
    const repository = await newRepository({ "a.txt": "one\n", "src/b c.ts": "two\n", "gone.txt": "x" });
    const bytes = Uint8Array.from([0, 255, 10, 13, 0]);
    const commit = await repository.commit(
      {
        branch: "main",
        message: "Second\n\nwhy",
        files: [
          { path: "a.txt", content: "uno\n" },
          { path: "gone.txt", content: null },
          { path: "bin/x.bin", content: Buffer.from(bytes).toString("base64"), encoding: "base64" },
        ],
      },
      ada,
    );
    const tree = await repository.tree("main");
    expect(tree.commit).toBe(commit);
    expect(tree.entries.map((entry) => entry.path)).toEqual(["a.txt", "bin/x.bin", "src/b c.ts"]);
    expect(Buffer.from(await repository.blob(commit, "bin/x.bin"))).toEqual(Buffer.from(bytes));
    const files = await repository.files("main");
    expect(
      files.files.map((file) => [file.path, Buffer.from(file.content, "base64").toString("latin1")]),
    ).toEqual([
      ["a.txt", "uno\n"],
      ["bin/x.bin", Buffer.from(bytes).toString("latin1")],
      ["src/b c.ts", "two\n"],
    ]);
    const log = await repository.log("main", { limit: 10 });
    expect(log.map((entry) => entry.message)).toEqual(["Second\n\nwhy", "First"]);
    expect(log[0]).toMatchObject({ author: "Ada L", email: "ada@example.com", parents: [log[1]!.sha] });
    expect(await repository.log("main", { limit: 1, before: commit })).toEqual([log[1]]);
    expect(await repository.log("main", { limit: 10, path: "src/b c.ts" })).toHaveLength(1);
    expect(await repository.log("main", { limit: 10, path: "*.ts" })).toEqual([]);
  });

  test("any legal set of files comes back as it went in", async () => {
    const part = fc
      .stringMatching(/^[A-Za-z0-9 _"'$äß.-]{1,12}$/)
      .filter((name) => !/^\.|^git~|[. ]$/i.test(name));
    const tree = fc.dictionary(
      fc.tuple(part, part).map((names) => names.join("/")),
      fc.uint8Array({ maxLength: 200 }),
      { minKeys: 1, maxKeys: 8 },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const repository = await newRepository();
        const entries = Object.entries(files);
        await repository.commit(
          {
            branch: "main",
            message: "m",
            files: entries.map(([path, content]) => ({
              path,
              content: Buffer.from(content).toString("base64"),
              encoding: "base64",
            })),
          },
          ada,
        );
        for (const [path, content] of entries)
          expect(Buffer.from(await repository.blob("main", path))).toEqual(Buffer.from(content));
      }),
      { numRuns: 10 },
    );
  });

  test("of two writers that saw the same head one wins and the other is told", async () => {
    const repository = await newRepository();
    const head = await repository.resolve("main");
    const write = (content: string) =>
      repository.commit(
        { branch: "main", expectedHead: head, message: content, files: [{ path: "a", content }] },
        ada,
      );
    const results = await Promise.allSettled([write("1"), write("2"), write("3")]);
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "conflict" });
    expect(await repository.log("main", { limit: 10 })).toHaveLength(2);
  });

  test("a merge brings both sides, twice is once, and a moved head is refused", async () => {
    const repository = await newRepository({ "a.txt": "a\n", "b.txt": "b\n" });
    const head = await repository.commit(
      { branch: "work", message: "w", files: [{ path: "a.txt", content: "A\n" }] },
      ada,
    );
    await repository.commit(
      { branch: "main", message: "m", files: [{ path: "b.txt", content: "B\n" }] },
      ada,
    );
    const request = { into: "main", head: "work", expectedHead: head, message: "Merge work" };
    await expect(repository.merge({ ...request, expectedHead: "0".repeat(40) }, ada)).rejects.toMatchObject({
      code: "conflict",
    });
    const merged = await repository.merge(request, ada);
    expect(await repository.merge(request, ada)).toBe(merged);
    const files = await repository.files("main");
    expect(files.files.map((file) => Buffer.from(file.content, "base64").toString())).toEqual(["A\n", "B\n"]);
  });

  test("a conflict names the paths and changes nothing", async () => {
    const repository = await newRepository({ "a.txt": "a\n" });
    const head = await repository.commit(
      { branch: "work", message: "w", files: [{ path: "a.txt", content: "left\n" }] },
      ada,
    );
    const main = await repository.commit(
      { branch: "main", message: "m", files: [{ path: "a.txt", content: "right\n" }] },
      ada,
    );
    await expect(
      repository.merge({ into: "main", head: "work", expectedHead: head, message: "x" }, ada),
    ).rejects.toMatchObject({
      code: "conflict",
      details: { conflicts: ["a.txt"] },
    });
    expect(await repository.resolve("main")).toBe(main);
  });

  test("a diff is what the head brings over the merge base", async () => {
    const repository = await newRepository({ "a.txt": "a\n", "old name.txt": "same\nlines\nhere\n" });
    const oldName = "old name.txt";
    await repository.commit(
      {
        branch: "work",
        message: "w",
        files: [
          { path: "a.txt", content: "a\nmore\n" },
          { path: oldName, content: null },
          { path: "new.txt", content: "same\nlines\nhere\n" },
          { path: "x.bin", content: "AAEC", encoding: "base64" },
        ],
      },
      ada,
    );
    await repository.commit(
      { branch: "main", message: "m", files: [{ path: "unrelated", content: "u" }] },
      ada,
    );
    const diff = await repository.diff("main", "work");
    expect(diff.files).toEqual([
      { path: "a.txt", status: "modified", additions: 1, deletions: 0, binary: false },
      { path: "new.txt", oldPath: oldName, status: "renamed", additions: 0, deletions: 0, binary: false },
      { path: "x.bin", status: "added", additions: 0, deletions: 0, binary: true },
    ]);
    expect(diff.patch).toContain("+more");
    expect(diff.patch).not.toContain("unrelated");
  });

  test("what is not there is not found; an option or a range is not a ref", async () => {
    const repository = await newRepository();
    await expect(repository.tree("nope")).rejects.toMatchObject({ code: "not_found" });
    await expect(repository.blob("main", "nope")).rejects.toMatchObject({ code: "not_found" });
    for (const ref of ["--output=/tmp/x", "main..work", "main^{tree}", "@{-1}", "HEAD"])
      await expect(repository.tree(ref)).rejects.toMatchObject({ code: "bad_input" });
    await expect(repository.deleteBranch("main")).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("paths and names", () => {
  test.each([
    "../x",
    "/etc/passwd",
    "a/../b",
    "a//b",
    "",
    ".git/config",
    "sub/.GIT/hooks/x",
    ".git ",
    ".git.",
    "git~1/x",
    ".g\u200cit/x",
    ".git::$INDEX_ALLOCATION/x",
    "a\\b",
    "a\nb",
    "a\0b",
  ])("refuses the path %j", (path) => {
    expect(() => repositoryPath(path)).toThrow(expect.objectContaining({ code: "bad_input" }));
  });
  test.each([".gitignore", ".github/workflows/ci.yml", ".gitattributes", "a b/ü.ts", "src/git.ts"])(
    "takes the path %j",
    (path) => {
      expect(repositoryPath(path)).toBe(path);
    },
  );
  test.each(["-x", "a..b", "a.lock", "a/", "/a", "a b", "HEAD", "a~1", "a^", "refs/../x", ""])(
    "refuses the branch %j",
    (name) => {
      expect(() => branchName(name)).toThrow(expect.objectContaining({ code: "bad_input" }));
    },
  );
});

describe("importZip", () => {
  test("drops the single top folder, node_modules and .git", async () => {
    const zip = zipSync({
      "shop-main/a.ts": text("a"),
      "shop-main/src/b.ts": text("b"),
      "shop-main/node_modules/x/i.js": text("x"),
      "shop-main/.git/config": text("c"),
    });
    expect((await importZip(zip)).map((file) => file.path)).toEqual(["a.ts", "src/b.ts"]);
  });
  test.each([
    "a/../../evil",
    "/etc/passwd",
    "..\\evil",
    "C:\\evil",
    "src/.GIT /hooks/x",
    "git~1/config",
    "a\u001b[2Jb",
    "a\nb",
    "x".repeat(4096),
  ])("W202 refuses the name %j in a zip", async (name) => {
    const zip = zipSync({ "ok.txt": text("ok"), [name]: text("x") });
    await expect(importZip(zip)).rejects.toMatchObject({ code: "bad_input" });
  });
  test("W202 markup in a name is a name, and a zip that declares less than it holds is refused", async () => {
    const markup = "<img src=x onerror=alert(1)>.txt";
    expect(
      (await importZip(zipSync({ [markup]: text("x"), b: text("b") }))).map((file) => file.path),
    ).toContain(markup);
    const liar = zipSync({ big: new Uint8Array(1024 * 1024), b: text("b") });
    const view = new DataView(liar.buffer, liar.byteOffset, liar.byteLength);
    // The size before packing, in each entry of the directory at the end.
    for (let at = 0; at < liar.length - 4; at += 1)
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 10, true);
    const unpacked = await importZip(liar).catch((error: unknown) => error);
    if (Array.isArray(unpacked)) {
      const files = unpacked as { content: Uint8Array }[];
      expect(files.reduce((sum, file) => sum + file.content.length, 0)).toBeLessThan(1000);
    } else expect(unpacked).toMatchObject({ code: "bad_input" });
  });
  test("refuses a path out of the project, a bomb, and what is no zip", async () => {
    await expect(importZip(zipSync({ "../evil": text("x") }))).rejects.toMatchObject({ code: "bad_input" });
    await expect(importZip(zipSync({ big: new Uint8Array(201 * 1024 * 1024) }))).rejects.toMatchObject({
      code: "too_large",
    });
    await expect(importZip(text("hello"))).rejects.toMatchObject({ code: "bad_input" });
  });
});
