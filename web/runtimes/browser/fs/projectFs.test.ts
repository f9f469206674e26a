import fc from "fast-check";
import git from "isomorphic-git";
import { describe, expect, test, vi } from "vitest";
import type { CoderError } from "../../../../shared/errors.ts";
import type { FileChange } from "../../runtime.ts";
import { imageOf, type PackageImage } from "../packages/packageImage.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { createProjectFs } from "./projectFs.ts";
import type { PersistentProjectFs } from "./projectFs.ts";

function open(): Promise<PersistentProjectFs> {
  return createProjectFs({ projectId: "test", persist: false });
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as CoderError).code;
  }
  return "none";
}

function image(files: Record<string, string>): PackageImage {
  const texts = Object.entries(files);
  const bytes = new TextEncoder().encode(texts.map(([, text]) => text).join(""));
  let offset = 0;
  const index = new Map(
    texts.map(([path, text]) => {
      const entry = { offset, size: text.length };
      offset += text.length;
      return [path, entry];
    }),
  );
  return imageOf(`test-${JSON.stringify(files)}`, bytes, index);
}

/** A journal that can be made to fail, and whose content a later file system can start from. */
class MemoryJournal implements Journal {
  readonly kept = new Map<string, JournalEntry>();
  readonly batches: string[][] = [];
  failures = 0;
  gate: Promise<void> | undefined;

  async load(): Promise<Map<string, JournalEntry>> {
    return new Map(this.kept);
  }

  async write(changes: Map<string, JournalEntry | undefined>): Promise<void> {
    await this.gate;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("disk full");
    }
    this.batches.push([...changes.keys()]);
    for (const [path, entry] of changes) {
      if (entry === undefined) this.kept.delete(path);
      else this.kept.set(path, structuredClone(entry));
    }
  }
}

const reopen = (journal: Journal, onPersistError?: (error: unknown) => void): Promise<PersistentProjectFs> =>
  createProjectFs({
    projectId: "test",
    persist: true,
    journal,
    ...(onPersistError ? { onPersistError } : {}),
  });

describe("files", () => {
  test("absolute and relative paths are the same file; parents are made", async () => {
    const fs = await open();
    fs.writeFile("src/deep/a.ts", "a");
    expect(fs.readText("/project/src/deep/a.ts")).toBe("a");
    expect(fs.stat("src")).toMatchObject({ kind: "directory" });
    expect(fs.stat("src/deep/a.ts")).toMatchObject({ kind: "file", size: 1 });
    expect(fs.readdir("")).toEqual([{ name: "src", kind: "directory" }]);
  });

  test("any bytes survive, and the caller's buffer is its own", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        const fs = await open();
        const given = bytes.slice();
        fs.writeFile("x.bin", given);
        given.fill(7);
        const read = fs.readFile("x.bin");
        expect([...read]).toEqual([...bytes]);
        read.fill(9);
        expect([...fs.readFile("x.bin")]).toEqual([...bytes]);
      }),
      { numRuns: 50 },
    );
  });

  test("errors are typed", async () => {
    const fs = await open();
    fs.writeFile("a", "x");
    fs.mkdir("d");
    expect(codeOf(() => fs.readFile("none"))).toBe("not_found");
    expect(codeOf(() => fs.rm("none"))).toBe("not_found");
    expect(codeOf(() => fs.stat("none"))).toBe("not_found");
    expect(codeOf(() => fs.readdir("none"))).toBe("not_found");
    expect(codeOf(() => fs.rename("none", "b"))).toBe("not_found");
    expect(codeOf(() => fs.writeFile("a/b", "x"))).toBe("conflict");
    expect(codeOf(() => fs.writeFile("d", "x"))).toBe("conflict");
    expect(codeOf(() => fs.readFile("d"))).toBe("conflict");
    expect(codeOf(() => fs.mkdir("a"))).toBe("conflict");
    expect(codeOf(() => fs.rename("d", "d/inside"))).toBe("conflict");
  });

  test.each(["../x", "/etc/passwd", "a/../../x", "/project/../x", "/projectx", "a\0b"])(
    "%j is outside",
    async (path) => {
      const fs = await open();
      expect(codeOf(() => fs.readFile(path))).toBe("bad_input");
      expect(codeOf(() => fs.writeFile(path, ""))).toBe("bad_input");
      expect(codeOf(() => fs.rm(path))).toBe("bad_input");
      expect(codeOf(() => fs.rename("a", path))).toBe("bad_input");
    },
  );

  test("list is sorted and without node_modules and .git", async () => {
    const fs = await open();
    for (const path of [
      "b.ts",
      "a/z.ts",
      "a.ts",
      ".git/HEAD",
      "node_modules/x/i.js",
      "pkg/node_modules/y.js",
      ".env",
    ]) {
      fs.writeFile(path, "");
    }
    fs.packages.mount("node_modules/p", image({ "index.js": "p" }));
    expect(fs.list()).toEqual([".env", "a.ts", "a/z.ts", "b.ts"]);
  });
});

describe("watching", () => {
  const watched = async (
    action: (fs: PersistentProjectFs) => void | Promise<void>,
  ): Promise<FileChange[]> => {
    const fs = await open();
    fs.writeFile("src/a.ts", "a");
    fs.writeFile("src/b/c.ts", "c");
    const seen: FileChange[] = [];
    fs.watch((changes) => seen.push(...changes));
    await action(fs);
    await Promise.resolve();
    return seen;
  };

  test("one turn is one sorted list with the last state of each path", async () => {
    const seen = await watched((fs) => {
      fs.writeFile("z.ts", "1");
      fs.rm("src/a.ts");
      fs.writeFile("z.ts", "2");
      fs.writeFile("src/a.ts", "again");
      fs.rm("z.ts");
    });
    expect(seen).toEqual([
      { path: "src/a.ts", kind: "write" },
      { path: "z.ts", kind: "delete" },
    ]);
  });

  test("moving or removing a directory tells of every file in it", async () => {
    expect(await watched((fs) => fs.rename("src", "lib"))).toEqual([
      { path: "lib/a.ts", kind: "write" },
      { path: "lib/b/c.ts", kind: "write" },
      { path: "src/a.ts", kind: "delete" },
      { path: "src/b/c.ts", kind: "delete" },
    ]);
    expect(await watched((fs) => fs.rm("src"))).toEqual([
      { path: "src/a.ts", kind: "delete" },
      { path: "src/b/c.ts", kind: "delete" },
    ]);
  });

  test("packages and git's own files are silent; what git checks out is not", async () => {
    expect(
      await watched((fs) => {
        fs.writeFile("node_modules/x/a.js", "");
        fs.writeFile(".git/config", "");
        fs.packages.mount("node_modules/p", image({ a: "a" }));
      }),
    ).toEqual([]);
    expect(await watched((fs) => fs.raw.promises.writeFile("/project/src/new.ts", "n"))).toEqual([
      { path: "src/new.ts", kind: "write" },
    ]);
  });

  test("a stopped or a throwing listener keeps nobody from hearing", async () => {
    const fs = await open();
    const heard: string[] = [];
    const stop = fs.watch(() => heard.push("stopped"));
    fs.watch((changes) => heard.push(...changes.map(({ path }) => path)));
    stop();
    fs.writeFile("a", "");
    await Promise.resolve();
    expect(heard).toEqual(["a"]);
  });

  test("isomorphic-git works on it, and status is of the user's files only", async () => {
    const fs = await open();
    fs.writeFile("a.txt", "one\n");
    fs.packages.mount("node_modules/p", image({ a: "a" }));
    const at = { fs: fs.raw, dir: "/project" };
    await git.init({ ...at, defaultBranch: "main" });
    await git.add({ ...at, filepath: "a.txt" });
    const sha = await git.commit({ ...at, message: "first", author: { name: "T", email: "t@example.test" } });
    fs.writeFile("a.txt", "two, longer\n");
    expect(await git.statusMatrix(at)).toEqual([["a.txt", 1, 2, 1]]);
    await git.checkout({ ...at, ref: sha, force: true });
    expect(fs.readText("a.txt")).toBe("one\n");
  });
});

describe("packages", () => {
  test("written files win over the package's, removed ones are gone, both until the package is replaced", async () => {
    const fs = await open();
    fs.packages.mount("node_modules/p", image({ "a.js": "a", "lib/b.js": "b" }));
    fs.writeFile("node_modules/p/a.js", "mine");
    fs.rm("node_modules/p/lib/b.js");
    expect(fs.readText("node_modules/p/a.js")).toBe("mine");
    expect(fs.exists("node_modules/p/lib/b.js")).toBe(false);
    expect(fs.readdir("node_modules/p/lib")).toEqual([]);
    fs.packages.mount("node_modules/p", image({ "a.js": "new", "lib/b.js": "b" }));
    expect(fs.readText("node_modules/p/a.js")).toBe("new");
    expect(fs.readText("node_modules/p/lib/b.js")).toBe("b");
  });

  test("a package's directory cannot be written over, and can be moved out", async () => {
    const fs = await open();
    fs.packages.mount("node_modules/p", image({ "lib/b.js": "b" }));
    expect(codeOf(() => fs.writeFile("node_modules/p/lib", "x"))).toBe("conflict");
    expect(codeOf(() => fs.readFile("node_modules/p/lib"))).not.toBe("none");
    fs.rename("node_modules/p", "vendor/p");
    expect(fs.readText("vendor/p/lib/b.js")).toBe("b");
    expect(fs.exists("node_modules/p")).toBe(false);
  });

  test("changing what was read does not change the package", async () => {
    const fs = await open();
    fs.packages.mount("node_modules/p", image({ a: "abc" }));
    fs.readFile("node_modules/p/a").fill(0);
    expect(fs.readText("node_modules/p/a")).toBe("abc");
  });
});

describe("journal", () => {
  test("a tab that dies loses nothing that was kept: files, bytes, empty directories, removals", async () => {
    const journal = new MemoryJournal();
    const fs = await reopen(journal);
    fs.writeFile("src/a.ts", "a");
    fs.writeFile("bin", new Uint8Array([0, 255]));
    fs.mkdir("empty/inner");
    fs.writeFile("gone.txt", "x");
    fs.writeFile("dir/gone.txt", "x");
    await fs.flush();
    fs.rm("gone.txt");
    fs.rm("dir");
    fs.rename("src/a.ts", "src/b.ts");
    await fs.flush();
    // No close, no goodbye: the next visit starts from the journal alone.
    const next = await reopen(journal);
    expect(next.list()).toEqual(["bin", "src/b.ts"]);
    expect([...next.readFile("bin")]).toEqual([0, 255]);
    expect(next.stat("empty/inner").kind).toBe("directory");
    expect(next.exists("dir")).toBe(false);
  });

  test("packages are not kept", async () => {
    const journal = new MemoryJournal();
    const fs = await reopen(journal);
    fs.writeFile("node_modules/x/a.js", "x");
    fs.writeFile("a", "a");
    await fs.flush();
    expect([...journal.kept.keys()]).toEqual(["a"]);
  });

  test("a burst is one batch, and what comes in during a write is the next", async () => {
    const journal = new MemoryJournal();
    let open: () => void = () => {};
    journal.gate = new Promise((resolve) => (open = resolve));
    const fs = await reopen(journal);
    for (let index = 0; index < 100; index += 1) fs.writeFile(`f${index}`, "1");
    await Promise.resolve();
    await Promise.resolve();
    fs.writeFile("f0", "2");
    fs.writeFile("late", "x");
    open();
    await fs.flush();
    expect(journal.batches.map((batch) => batch.length)).toEqual([100, 2]);
    expect((await reopen(journal)).readText("f0")).toBe("2");
  });

  test("a write that fails is told, kept pending, and written with the next change", async () => {
    const journal = new MemoryJournal();
    const told = vi.fn<(error: unknown) => void>();
    const fs = await reopen(journal, told);
    journal.failures = 1;
    fs.writeFile("a", "1");
    await vi.waitFor(() => expect(told).toHaveBeenCalledOnce());
    expect(journal.kept.size).toBe(0);
    fs.writeFile("b", "2");
    await fs.flush();
    expect([...journal.kept.keys()].sort()).toEqual(["a", "b"]);
  });

  test("flush rejects while the files cannot be kept", async () => {
    const journal = new MemoryJournal();
    const fs = await reopen(journal, () => {});
    journal.failures = 2;
    fs.writeFile("a", "1");
    await expect(fs.flush()).rejects.toThrow("disk full");
  });

  test("whatever is done, the next visit sees the same files", async () => {
    const path = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/a");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("write" as const), path, text: fc.string() }),
      fc.record({ kind: fc.constant("rm" as const), path }),
      fc.record({ kind: fc.constant("rename" as const), path, to: path }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const journal = new MemoryJournal();
        const fs = await reopen(journal);
        for (const each of steps) {
          try {
            if (each.kind === "write") fs.writeFile(each.path, each.text);
            else if (each.kind === "rm") fs.rm(each.path);
            else fs.rename(each.path, each.to);
          } catch (error) {
            // Steps that contradict the tree are refused; the journal must not notice them.
            if (!["not_found", "conflict"].includes((error as CoderError).code)) throw error;
          }
        }
        await fs.flush();
        const next = await reopen(journal);
        expect(next.list()).toEqual(fs.list());
        for (const file of fs.list()) expect(next.readText(file)).toBe(fs.readText(file));
      }),
      { numRuns: 100 },
    );
  });
});
