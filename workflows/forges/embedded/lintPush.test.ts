import { Buffer } from "node:buffer";
import { expect, it } from "vitest";
import { lintPush } from "./lintPush.ts";
import { withRemoteMessages } from "./remoteMessages.ts";

/** Commits by name, each a map of paths to texts. */
function repositoryOf(commits: Record<string, Record<string, string>>) {
  return {
    tree: (ref: string) =>
      Promise.resolve({
        commit: ref,
        entries: Object.entries(commits[ref] ?? {}).map(([path, text]) => ({
          path,
          size: text.length,
          mode: "100644",
          sha: text,
        })),
      }),
    blob: (ref: string, path: string) =>
      Promise.resolve(new TextEncoder().encode(commits[ref]?.[path] ?? "")),
  };
}
const wrong = "name: x\ntriggers: [{ type: manual }]\nsteps: [{ type: release, bumb: auto }]\n";

it("W37 only workflow files that the push changed are linted, on branches that are still there", async () => {
  const path = ".coder/workflows/a.yaml";
  const repository = repositoryOf({
    one: { [path]: wrong },
    two: { [path]: wrong, ".coder/workflows/b.json": "[", "other.yaml": "[" },
  });
  const move = { branch: "main", before: "one", after: "two" };
  expect(await lintPush(repository, [move, { branch: "x", before: "one", after: null }])).toEqual([
    expect.stringMatching(/^\.coder\/workflows\/b\.json:\d+:\d+ syntax /) as string,
  ]);
  expect(await lintPush(repository, [{ branch: "new", before: null, after: "one" }])).toHaveLength(1);
});

it("W37 a hostile file cannot move the cursor of the terminal, and says no more than twenty lines", async () => {
  const keys = Array.from({ length: 60 }, (_, index) => `"\\e[2J${index}": 1\n`).join("");
  const lines = await lintPush(repositoryOf({ a: { ".coder/workflows/a.yaml": wrong + keys } }), [
    { branch: "main", before: null, after: "a" },
  ]);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toMatch(/^and \d+ more problems/);
  expect(lines.join("\n")).not.toContain("\u001b");
});

it("W37 a file over the limit is told of without being read", async () => {
  const repository = {
    tree: () =>
      Promise.resolve({
        commit: "a",
        entries: [{ path: ".coder/workflows/a.yaml", size: 5e9, mode: "100644", sha: "1" }],
      }),
    blob: () => Promise.reject(new Error("read")),
  };
  const [line] = await lintPush(repository, [{ branch: "main", before: null, after: "a" }]);
  expect(line).toContain("too_large");
});

it("lines go before the flush that ends an answer in side bands; any other answer stays", () => {
  const answer = (text: string) => new Uint8Array(Buffer.from(text)).buffer;
  const banded = answer("000a\u0001abcde0000");
  expect(Buffer.from(withRemoteMessages(banded, ["hello"])).toString()).toBe(
    "000a\u0001abcde000b\u0002hello\n0000",
  );
  expect(withRemoteMessages(banded, [])).toBe(banded);
  const plain = answer("000eunpack ok\n0000");
  expect(withRemoteMessages(plain, ["hello"])).toBe(plain);
});
