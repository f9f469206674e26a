import { describe, expect, test } from "vitest";
import type { Api } from "../api.ts";
import { readPatch } from "../ui/readPatch.ts";
import { commitPatch, type Commit } from "./commitPatch.ts";
import { toBase64 } from "./studioSession.ts";

const commit = (parents: string[]): Commit => ({
  sha: "b".repeat(40),
  parents,
  author: "Ada",
  email: "ada@example.com",
  at: "2026-01-01T00:00:00Z",
  message: "Change",
});
const files = [
  { path: "src/a.ts", mode: "100644", content: toBase64(new TextEncoder().encode("one\ntwo\n")) },
  { path: "icon.png", mode: "100644", content: toBase64(new Uint8Array([0, 1, 2])) },
];
/** Answers what the first commit holds; nothing else is asked of it. */
const api = {
  files: { all: { query: () => Promise.resolve({ commit: "b".repeat(40), files, skipped: [] }) } },
} as unknown as Api;
const options = { api, projectId: "p", accessToken: () => Promise.resolve("token") };

describe("commitPatch", () => {
  test("asks the forge for the difference to the first parent, as the user", async () => {
    const asked: [string, string | null][] = [];
    const result = await commitPatch(commit(["a".repeat(40), "c".repeat(40)]), {
      ...options,
      fetch: (input, init) => {
        asked.push([input as string, new Headers(init?.headers).get("authorization")]);
        return Promise.resolve(Response.json({ patch: "diff", truncated: true, files: [] }));
      },
    });
    expect(result).toEqual({ patch: "diff", truncated: true });
    expect(asked).toEqual([
      [`/forge/v1/p/diff?base=${"a".repeat(40)}&head=${"b".repeat(40)}`, "Bearer token"],
    ]);
  });

  test("the first commit is its text files as new ones", async () => {
    const { patch } = await commitPatch(commit([]), options);
    expect(readPatch(patch)).toMatchObject([{ path: "src/a.ts", notes: ["new file"], additions: 2 }]);
  });

  test("a refusal is told with the forge's words", async () => {
    const refused = commitPatch(commit(["a".repeat(40)]), {
      ...options,
      fetch: () =>
        Promise.resolve(
          Response.json({ error: { code: "not_found", message: "No such commit" } }, { status: 404 }),
        ),
    });
    await expect(refused).rejects.toMatchObject({ code: "not_found", message: "No such commit" });
  });

  test("an answer that is no JSON is a failure, not an empty difference", async () => {
    const broken = commitPatch(commit(["a".repeat(40)]), {
      ...options,
      fetch: () => Promise.resolve(new Response("<html>", { status: 502 })),
    });
    await expect(broken).rejects.toMatchObject({ code: "internal" });
  });
});
