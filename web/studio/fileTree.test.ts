import { describe, expect, test } from "vitest";
import { pathProblem, treeRows } from "./fileTree.ts";

describe("treeRows", () => {
  const paths = ["README.md", "src/a.ts", "src/lib/b.ts", "index.html"];
  test("folders come first, and only open ones show what is in them", () => {
    expect(treeRows(paths, () => false).map((row) => row.path)).toEqual(["src", "index.html", "README.md"]);
    expect(treeRows(paths, (folder) => folder === "src").map((row) => `${row.depth} ${row.path}`)).toEqual([
      "0 src",
      "1 src/lib",
      "1 src/a.ts",
      "0 index.html",
      "0 README.md",
    ]);
  });
});

test("pathProblem takes paths inside the project only", () => {
  for (const good of ["a", "src/a b.ts", ".gitignore", ".github/x"])
    expect(pathProblem(good)).toBeUndefined();
  for (const bad of ["", " ", "/a", "a/../b", "a//b", "a\\b", ".git/config", "x/.GIT"])
    expect(pathProblem(bad)).toEqual(expect.any(String));
});
