import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeStepCacheStore, type CacheScope } from "./stepCacheStore.ts";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "coder-cache-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const merged: CacheScope = { projectId: "p", ref: "main", trusted: true };
const branch: CacheScope = { projectId: "p", ref: "x", trusted: false };
const key = (digit: string): string => digit.repeat(64);
const file = (content: string): string => {
  const path = join(directory, `archive-${Math.random()}`);
  writeFileSync(path, content);
  return path;
};
const store = (limits = { maxProjectBytes: 1000, maxBytes: 10_000 }) =>
  makeStepCacheStore(join(directory, "cache"), limits);

test("W72 a branch's archives are its own, merged ones are the project's, and projects share none", async () => {
  const cache = store();
  await cache.of(branch).save(key("a"), file("branch"));
  await cache.of(merged).save(key("b"), file("merged"));
  const content = async (scope: CacheScope, digit: string): Promise<string | undefined> => {
    const found = await cache.of(scope).find(key(digit));
    return found && readFileSync(found.path, "utf8");
  };
  expect(await content(branch, "a")).toBe("branch");
  expect(await content(branch, "b")).toBe("merged");
  expect(await content(merged, "a")).toBeUndefined();
  expect(await content({ ...branch, ref: "y" }, "a")).toBeUndefined();
  expect(await content({ ...merged, projectId: "q" }, "b")).toBeUndefined();
  // Dropping is a write: a branch cannot take away what was merged.
  await cache.of(branch).drop(key("b"));
  expect(await content(merged, "b")).toBe("merged");
  expect(await cache.directories(branch)).toHaveLength(2);
});

test("W73 only a plain file is taken: no link, no second name of a file, no directory, nothing too large", async () => {
  const cache = store().of(branch);
  const secret = file("secret");
  const link = join(directory, "link");
  symlinkSync(secret, link);
  const second = join(directory, "second");
  linkSync(secret, second);
  const folder = join(directory, "folder");
  mkdirSync(folder);
  for (const path of [link, second, folder, file("x".repeat(1001)), join(directory, "none")]) {
    expect(await cache.save(key("a"), path)).toBeUndefined();
    expect(await cache.find(key("a"))).toBeUndefined();
  }
  expect(readFileSync(secret, "utf8")).toBe("secret");
});

test("W73 what was used least recently makes room, a branch's before merged ones", async () => {
  const cache = store();
  const old = new Date(Date.now() - 3_600_000);
  const keep = async (scope: CacheScope, digit: string): Promise<void> => {
    await cache.of(scope).save(key(digit), file("x".repeat(400)));
    const { path } = (await cache.of(scope).find(key(digit)))!;
    utimesSync(path, old, old);
  };
  await keep(merged, "a");
  await keep(branch, "b");
  await cache.of(merged).save(key("c"), file("x".repeat(400)));
  expect(await cache.of(branch).find(key("b"))).toBeUndefined();
  expect(await cache.of(merged).find(key("a"))).toBeDefined();
  utimesSync((await cache.of(merged).find(key("c")))!.path, old, old);
  await cache.of(merged).save(key("d"), file("x".repeat(400)));
  // `a` was asked for since.
  expect(await cache.of(merged).find(key("c"))).toBeUndefined();
  expect(await cache.of(merged).find(key("a"))).toBeDefined();
});

test("W73 what a dead worker left half is swept", async () => {
  const cache = store();
  await cache.of(merged).save(key("a"), file("a"));
  const part = join(directory, "cache/p/merged/x.part");
  writeFileSync(part, "half");
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(part, old, old);
  await cache.of(merged).save(key("b"), file("b"));
  expect(existsSync(part)).toBe(false);
});
