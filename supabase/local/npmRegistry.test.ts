import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readNpmRegistry } from "./npmRegistry.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coder-registry-"));
  await writeFile(join(directory, "package.json"), "{}");
  for (const name of Object.keys(process.env))
    if (/^npm_config_registry$/i.test(name)) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

const read = () => readNpmRegistry({ dataDir: directory, projectDir: directory });

test("is what npm is configured for, asked again only when npm's configuration changed", async () => {
  await writeFile(join(directory, ".npmrc"), "registry=http://127.0.0.1:9/first/\n");
  expect(await read()).toBe("http://127.0.0.1:9/first/");
  // Without npm on the PATH, only the kept answer can be given.
  const path = process.env.PATH;
  vi.stubEnv("PATH", directory);
  expect(await read()).toBe("http://127.0.0.1:9/first/");
  vi.stubEnv("PATH", path);
  await writeFile(join(directory, ".npmrc"), "registry=http://127.0.0.1:9/other/\n");
  await utimes(join(directory, ".npmrc"), 1, 1);
  expect(await read()).toBe("http://127.0.0.1:9/other/");
});

test("the environment's registry goes first", async () => {
  vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/env/");
  expect(await read()).toBe("http://127.0.0.1:9/env/");
});

test("without npm, one line says what to check", async () => {
  vi.stubEnv("PATH", directory);
  await expect(read()).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("npm config get registry"),
  });
});
