import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createNpmHandler } from "../../../../functions/npm/npmHandler.ts";
import type { RegistryServer, TestVersion } from "../../../../functions/npm/testing/registryServer.ts";
import {
  sha512,
  startRegistryServer,
  tarEntry,
  tarball,
} from "../../../../functions/npm/testing/registryServer.ts";
import type { CoderError } from "../../../../shared/errors.ts";
import { readManifest } from "../dev/resolveModule.ts";
import { createProjectFs } from "../fs/projectFs.ts";
import type { PersistentProjectFs } from "../fs/projectFs.ts";
import type { InstallOptions, InstalledPackages, ProjectFs } from "../kernelParts.ts";
import { createInstaller } from "./installer.ts";
import type { InstallerOptions } from "./installer.ts";
import { createMemoryCache } from "./packageCache.ts";
import { createPackageImage, indexTar } from "./packageImage.ts";

let registry: RegistryServer | undefined;
afterEach(async () => {
  await registry?.close();
  registry = undefined;
});

const handlerUrl = "http://coder.test/npm";

interface Setup {
  fs: PersistentProjectFs;
  install(options?: Partial<InstallOptions>): Promise<InstalledPackages>;
  prepare(fs: ProjectFs): Promise<string | null>;
  /** Paths of our own proxy that were asked for. */
  asked: string[];
}

async function setup(
  packages: Record<string, Record<string, TestVersion>>,
  dependencies: Record<string, string>,
  options: Partial<InstallerOptions> = {},
): Promise<Setup> {
  registry = await startRegistryServer(packages);
  const handler = createNpmHandler({ registry: registry.url, freshMs: 0 });
  const asked: string[] = [];
  const send: typeof fetch = async (input, init) => {
    init?.signal?.throwIfAborted();
    const request = new Request(input, init);
    asked.push(new URL(request.url).pathname);
    return handler(request);
  };
  const fs = await createProjectFs({ projectId: "test", persist: false });
  fs.writeFile("package.json", JSON.stringify({ dependencies }, null, 2));
  const installer = createInstaller({
    npmUrl: handlerUrl,
    cache: createMemoryCache(),
    fetch: send,
    ...options,
  });
  const install: Setup["install"] = (changes) =>
    installer.install({ fs, onProgress: () => {}, signal: new AbortController().signal, ...changes });
  return { fs, install, prepare: (other) => installer.prepare(other), asked };
}

async function failure(action: Promise<unknown>): Promise<CoderError> {
  return action.then(
    () => expect.fail("The installation succeeded."),
    (error: CoderError) => error,
  );
}

const tarballs = (asked: string[]): string[] => asked.filter((path) => path.endsWith(".tgz"));

describe("installing", () => {
  test("packages are readable files, at their nested places, with progress", async () => {
    const { fs, install } = await setup(
      {
        a: { "1.0.0": { dependencies: { b: "^1.0.0" }, files: { "lib/a.js": "export const a = 'ä';" } } },
        b: { "1.0.0": { files: { "b.js": "one" } }, "2.0.0": { files: { "b.js": "two" } } },
        "@s/c": { "1.0.0": { files: { "img.bin": new Uint8Array([0, 255, 10, 13]) } } },
      },
      { a: "*", b: "2", "@s/c": "*" },
    );
    const progress: string[] = [];
    const result = await install({
      onProgress: ({ phase, done, total }) => progress.push(`${phase} ${done}/${total}`),
    });
    expect(fs.readText("node_modules/a/lib/a.js")).toBe("export const a = 'ä';");
    expect(fs.readText("node_modules/b/b.js")).toBe("two");
    expect(fs.readText("/project/node_modules/a/node_modules/b/b.js")).toBe("one");
    expect([...fs.readFile("node_modules/@s/c/img.bin")]).toEqual([0, 255, 10, 13]);
    expect(fs.readdir("node_modules")).toEqual(["@s", "a", "b"].map((name) => ({ name, kind: "directory" })));
    expect(fs.readdir("node_modules/a").map(({ name }) => name)).toEqual([
      "lib",
      "node_modules",
      "package.json",
    ]);
    expect(result.installed.map(({ path }) => path).sort()).toEqual(
      ["node_modules/@s/c", "node_modules/a", "node_modules/a/node_modules/b", "node_modules/b"].sort(),
    );
    expect(progress[0]).toBe("resolving 0/1");
    expect(progress.at(-1)).toBe("installing 4/4");
  });

  test("a second installation into a new file system needs no network at all", async () => {
    const { fs, install, asked } = await setup({ a: { "1.0.0": {} } }, { a: "*" });
    const first = await install();
    expect([first.fromCache, first.downloadedBytes > 0]).toEqual([0, true]);
    asked.length = 0;
    const other = await createProjectFs({ projectId: "other", persist: false });
    other.writeFile("package.json", fs.readText("package.json"));
    const second = await install({ fs: other });
    expect(asked).toEqual([]);
    expect([second.fromCache, second.downloadedBytes, second.lockHash]).toEqual([1, 0, first.lockHash]);
    expect(other.exists("node_modules/a/package.json")).toBe(true);
  });

  test("what an earlier installation left is put in place before anybody asks, and only if all of it is there", async () => {
    const { fs, install, prepare, asked } = await setup(
      { a: { "1.0.0": {} }, b: { "1.0.0": {} } },
      { a: "*" },
    );
    await install();
    asked.length = 0;
    const visit = async (dependencies: Record<string, string>): Promise<PersistentProjectFs> => {
      const next = await createProjectFs({ projectId: "next", persist: false });
      next.writeFile("package.json", JSON.stringify({ dependencies }));
      await prepare(next);
      return next;
    };
    const same = await visit({ a: "*" });
    expect(same.exists("node_modules/a/package.json")).toBe(true);
    const other = await visit({ a: "*", b: "*" });
    expect(other.exists("node_modules")).toBe(false);
    expect(asked).toEqual([]);
    // What was prepared for another package.json is no more than a beginning.
    same.writeFile("package.json", JSON.stringify({ dependencies: { b: "*" } }));
    await install({ fs: same });
    expect(same.readdir("node_modules").map(({ name }) => name)).toEqual(["b"]);
    fs.writeFile("package.json", "{ not JSON");
    await prepare(fs);
    expect((await failure(install())).details).toMatchObject({ type: "install", file: "package.json" });
  });

  test("only what changed is fetched; what is no longer wanted goes", async () => {
    const { fs, install, asked } = await setup(
      { a: { "1.0.0": {} }, b: { "1.0.0": {}, "2.0.0": {} }, c: { "1.0.0": {} } },
      { a: "*", b: "1" },
    );
    const before = await install();
    asked.length = 0;
    expect(readManifest(fs, "/node_modules/b")?.version).toBe("1.0.0");
    fs.writeFile("package.json", JSON.stringify({ dependencies: { b: "2", c: "*" } }));
    const after = await install();
    expect(tarballs(asked).sort()).toEqual(["/npm/-/tarball/b/2.0.0.tgz", "/npm/-/tarball/c/1.0.0.tgz"]);
    expect(fs.exists("node_modules/a")).toBe(false);
    expect(fs.readText("node_modules/b/package.json")).toContain("2.0.0");
    expect(after.lockHash).not.toBe(before.lockHash);
    // The dev server's resolver does not go on with what it read before.
    expect(readManifest(fs, "/node_modules/b")?.version).toBe("2.0.0");
  });

  test("removing node_modules and installing again restores it", async () => {
    const { fs, install } = await setup({ a: { "1.0.0": {} } }, { a: "*" });
    await install();
    fs.rm("node_modules");
    expect(fs.exists("node_modules/a/package.json")).toBe(false);
    await install();
    expect(fs.exists("node_modules/a/package.json")).toBe(true);
  });

  test("a file system without a package layer gets written files", async () => {
    const { install } = await setup({ a: { "1.0.0": { files: { "x/y.js": "y" } } } }, { a: "*" });
    const { packages: _packages, ...rest } = await createPlainFs();
    await install({ fs: rest });
    expect(rest.readText("node_modules/a/x/y.js")).toBe("y");
  });

  test("without package.json there is nothing to install", async () => {
    const { fs, install, asked } = await setup({}, {});
    fs.rm("package.json");
    expect((await install()).installed).toEqual([]);
    expect(tarballs(asked)).toEqual([]);
  });
});

async function createPlainFs(): Promise<ProjectFs & { packages?: unknown }> {
  const fs = await createProjectFs({ projectId: "plain", persist: false });
  fs.writeFile("package.json", JSON.stringify({ dependencies: { a: "*" } }));
  return {
    readFile: (path) => fs.readFile(path),
    readText: (path) => fs.readText(path),
    writeFile: (path, content) => fs.writeFile(path, content),
    exists: (path) => fs.exists(path),
    stat: (path) => fs.stat(path),
    readdir: (path) => fs.readdir(path),
    mkdir: (path) => fs.mkdir(path),
    rm: (path) => fs.rm(path),
    rename: (from, to) => fs.rename(from, to),
    list: () => fs.list(),
    watch: (listener) => fs.watch(listener),
    raw: fs.raw,
  };
}

describe("stopping", () => {
  test("an aborted installation rejects with the reason, changes nothing and goes on where it stopped", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const { fs, install, asked } = await setup(
      Object.fromEntries(names.map((name) => [name, { "1.0.0": {} }])),
      Object.fromEntries(names.map((name) => [name, "*"])),
    );
    const abort = new AbortController();
    const reason = new Error("enough");
    const stopped = install({
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done === 5) abort.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(fs.exists("node_modules")).toBe(false);
    const fetchedBefore = tarballs(asked).length;
    asked.length = 0;
    await install();
    // The five that were complete are not fetched again.
    expect(tarballs(asked).length).toBeLessThanOrEqual(25);
    expect(fetchedBefore).toBeLessThan(30);
    expect(fs.readdir("node_modules").length).toBe(30);
  });
});

describe("refusing", () => {
  test("bytes that do not match their checksum, and nothing of them is kept", async () => {
    const { fs, install, asked } = await setup({ a: { "1.0.0": {} } }, { a: "*" });
    registry?.answer.set("/a/-/a-1.0.0.tgz", {
      status: 200,
      body: tarball({ "package.json": '{"evil":true}' }),
    });
    const error = await failure(install());
    expect(error.message).toBe(
      "The package a@1.0.0 does not match its checksum (sha512): it was changed on the way.",
    );
    expect(error.details).toMatchObject({ type: "install", remedy: { action: "retry" } });
    expect(fs.exists("node_modules")).toBe(false);
    registry?.answer.clear();
    asked.length = 0;
    await install();
    expect(tarballs(asked)).toEqual(["/npm/-/tarball/a/1.0.0.tgz"]);
  });

  const gzip = (...entries: Uint8Array[]): Uint8Array<ArrayBuffer> =>
    new Uint8Array(gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])));

  test.each(["../../evil.js", "package/../../evil.js", "/etc/evil", "package/a\\..\\evil", "C:/evil"])(
    "a tarball with the path %j",
    async (path) => {
      const bytes = gzip(tarEntry("package/ok.js", "ok"), tarEntry(path, "evil"));
      await expect(createPackageImage(sha512(bytes), bytes)).rejects.toThrow(/unsafe path/);
    },
  );

  test("a long path hidden in a pax header", async () => {
    const record = (text: string): string => {
      const length = text.length + 1 + String(text.length + 3).length;
      return `${length} ${text}`;
    };
    const bytes = gzip(
      tarEntry("PaxHeader", record("path=package/../../x\n"), "x"),
      tarEntry("package/x", "evil"),
    );
    await expect(createPackageImage("sha512-x", bytes)).rejects.toThrow(/unsafe path/);
  });

  test("links are left out", () => {
    const files = indexTar(
      Buffer.concat([tarEntry("package/link", "", "2"), tarEntry("package/file", "x"), Buffer.alloc(1024)]),
    );
    expect([...files.keys()]).toEqual(["file"]);
  });

  test("what unpacks to more than the limit, without unpacking all of it", async () => {
    const bomb = gzip(tarEntry("package/zero", Buffer.alloc(8 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(20_000);
    const limits = { maxBytes: 1024 * 1024, maxFiles: 10 };
    await expect(createPackageImage("sha512-x", bomb, limits)).rejects.toThrow(/more than 1 MB/);
    const many = gzip(...Array.from({ length: 11 }, (_, index) => tarEntry(`package/${index}`, "")));
    await expect(createPackageImage("sha512-x", many, limits)).rejects.toThrow(/more than 10 files/);
  });

  test("truncated archives and what is no archive", async () => {
    const entry = tarEntry("package/a", "x".repeat(2000));
    await expect(createPackageImage("s", new Uint8Array(gzipSync(entry.subarray(0, 1024))))).rejects.toThrow(
      /middle of a file/,
    );
    await expect(createPackageImage("s", new TextEncoder().encode("<html>"))).rejects.toThrow(
      /not a valid gzip/,
    );
  });
});

describe("failures lead to their place", () => {
  test("a misspelt package: the line in package.json and the nearest name", async () => {
    const { install } = await setup({ a: { "1.0.0": {} } }, { a: "*", raect: "^1.0.0" });
    const error = await failure(install());
    expect(error.code).toBe("not_found");
    expect(error.details).toMatchObject({
      type: "install",
      message: 'There is no package "raect" in the registry. Did you mean "react"?',
      file: "package.json",
      line: 4,
      remedy: { action: "open-file" },
    });
  });

  test("a broken package.json: line and column", async () => {
    const { fs, install } = await setup({}, {});
    fs.writeFile("package.json", '{\n  "dependencies": {,}\n}');
    expect((await failure(install())).details).toMatchObject({
      type: "install",
      file: "package.json",
      line: 2,
      column: 20,
    });
  });

  test("an unreachable server is a retry", async () => {
    const { install } = await setup(
      { a: { "1.0.0": {} } },
      { a: "*" },
      { fetch: () => Promise.reject(new TypeError("offline")) },
    );
    expect((await failure(install())).details).toMatchObject({
      type: "install",
      remedy: { action: "retry" },
    });
  });
});

describe("the configured registry", () => {
  const address = execFileSync("npm", ["config", "get", "registry"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const handler = createNpmHandler({ registry: address });
  const send: typeof fetch = (input, init) => handler(new Request(input, init));

  test.each([
    ["vanilla-ts", []],
    ["react-ts", ["react", "react-dom", "scheduler"]],
    ["solid-ts", ["seroval", "seroval-plugins", "solid-js"]],
    ["vue-ts", ["@vue/runtime-dom", "vue"]],
    ["svelte-ts", ["clsx", "devalue", "esm-env", "svelte"]],
  ])("installs template %s with what a browser needs of it", async (template, wanted) => {
    const fs = await createProjectFs({ projectId: template, persist: false });
    fs.writeFile("package.json", readFileSync(`node_modules/create-vite/template-${template}/package.json`));
    const installer = createInstaller({ npmUrl: handlerUrl, cache: createMemoryCache(), fetch: send });
    const result = await installer.install({
      fs,
      onProgress: () => {},
      signal: new AbortController().signal,
    });
    const names = result.installed.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(wanted));
    expect(names.length).toBeLessThanOrEqual(16);
    for (const tool of ["vite", "typescript", "rolldown", "oxlint"]) expect(names).not.toContain(tool);
    for (const name of wanted)
      expect(JSON.parse(fs.readText(`node_modules/${name}/package.json`)).name).toBe(name);
  });
});
