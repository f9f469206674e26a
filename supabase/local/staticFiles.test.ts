import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStaticFiles, isHashedName } from "./staticFiles.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coder-static-"));
  await mkdir(join(directory, "public/assets"), { recursive: true });
  await writeFile(join(directory, "secret.txt"), "secret");
  await writeFile(join(directory, "public/index.html"), "one");
  await writeFile(join(directory, "public/assets/part-B4k9xQz1.js"), "part");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const ask = async (files: ReturnType<typeof createStaticFiles>, path: string) =>
  (await files.serve(new Request("http://localhost/"), path, {}))?.text();

test("hashed names are told from plain ones", () => {
  expect(["index-BY4iigay.js", "a.8f3b2c1d.css", "geist-latin-CPTeFhvV.woff2"].map(isHashedName)).toEqual([
    true,
    true,
    true,
  ]);
  expect(["index.html", "service-worker.js", "main.js", "some-component.js"].map(isHashedName)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("a changed file is read again, and a removed one is gone", async () => {
  const files = createStaticFiles(join(directory, "public"));
  expect(await ask(files, "/index.html")).toBe("one");
  await writeFile(join(directory, "public/index.html"), "two, longer");
  expect(await ask(files, "/index.html")).toBe("two, longer");
  await rm(join(directory, "public/index.html"));
  expect(await ask(files, "/index.html")).toBeUndefined();
});

test("an open page gets the parts of its build after a later one removed them", async () => {
  const files = createStaticFiles(join(directory, "public"));
  await files.keep("/assets");
  await rm(join(directory, "public/assets"), { recursive: true });
  expect(await ask(files, "/assets/part-B4k9xQz1.js")).toBe("part");
});

test("neither dots nor links lead out of the directory", async () => {
  await symlink(join(directory, "secret.txt"), join(directory, "public/link.txt"));
  const files = createStaticFiles(join(directory, "public"));
  for (const path of [
    "/link.txt",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/a/../../secret.txt",
  ]) {
    expect([path, await ask(files, path)]).toEqual([path, undefined]);
  }
});
