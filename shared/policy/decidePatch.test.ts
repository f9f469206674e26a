import { expect, it } from "vitest";
import { policiesSchema } from "../workflow/schema.ts";
import { decidePatch } from "./decidePatch.ts";
import type { PatchEntry } from "./decidePatch.ts";

const policy = policiesSchema.parse({
  limits: { max_changed_files: 3, max_patch_bytes: 1000 },
  repo: { allowed_paths: ["src/", "docs/"], blocked_paths: ["src/secret/"] },
});
const file = (path: string, more: Partial<PatchEntry> = {}): PatchEntry => ({
  path,
  mode: "100644",
  ...more,
});
const rules = (...entries: PatchEntry[]): string[] =>
  decidePatch(entries, { files: entries.length, bytes: 10 }, policy).map((denial) => denial.rule);

it("W56 a patch within the rules has nothing against it", () => {
  expect(rules(file("src/a.ts"), file("docs/b.md", { mode: null }))).toEqual([]);
});

it("W56 every forbidden path is named", () => {
  expect(rules(file("src/a.ts"), file("README.md"), file("src/secret/k"))).toEqual([
    "repo.allowed_paths",
    "repo.blocked_paths[0]",
  ]);
});

it("W56 a deletion counts as a write", () => {
  expect(rules(file("src/secret/k", { mode: null }))).toEqual(["repo.blocked_paths[0]"]);
});

it("W56 a rename counts at both ends", () => {
  expect(rules(file("src/a", { oldPath: "src/secret/a" }))).toEqual(["repo.blocked_paths[0]"]);
  expect(rules(file("src/secret/a", { oldPath: "src/a" }))).toEqual(["repo.blocked_paths[0]"]);
});

it.each([
  ["../../etc/passwd", "repo.symlink"],
  ["/etc/passwd", "repo.symlink"],
  ["..\\x", "repo.symlink"],
  ["", "repo.symlink"],
  ["..", "repo.symlink"],
  ["secret/k", "repo.blocked_paths[0]"],
  ["./secret/../secret/k", "repo.blocked_paths[0]"],
  ["../package.json", "repo.allowed_paths"],
  ["../.git/config", "repo.path"],
])("W56 a link src/link -> %s is refused by %s", (linkTarget, rule) => {
  expect(rules(file("src/link", { mode: "120000", linkTarget }))).toEqual([rule]);
});

it("W56 a link to what may be written is allowed, a submodule never", () => {
  expect(rules(file("src/link", { mode: "120000", linkTarget: "../docs/a.md" }))).toEqual([]);
  expect(rules(file("src/vendor", { mode: "160000" }))).toEqual(["repo.submodule"]);
});

it("W56 size and number of files are limited", () => {
  const many = ["a", "b", "c", "d"].map((name) => file(`src/${name}`));
  expect(decidePatch(many, { files: 4, bytes: 1001 }, policy).map((denial) => denial.rule)).toEqual([
    "limits.max_changed_files",
    "limits.max_patch_bytes",
  ]);
  expect(decidePatch(many.slice(1), { files: 3, bytes: 1000 }, policy)).toEqual([]);
});
