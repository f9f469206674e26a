import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createNpmHandler } from "./npmHandler.ts";
import type { ResolveRequest } from "./resolution.ts";
import type { InstallPlan } from "./resolvePlan.ts";
import type { RegistryServer, TestVersion } from "./testing/registryServer.ts";
import { startRegistryServer } from "./testing/registryServer.ts";

let server: RegistryServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Handler = ReturnType<typeof createNpmHandler>;

async function start(
  packages: Record<string, Record<string, TestVersion>>,
  authToken?: string,
): Promise<Handler> {
  server = await startRegistryServer(packages);
  return createNpmHandler({ registry: server.url, ...(authToken === undefined ? {} : { authToken }) });
}

async function post(handler: Handler, body: unknown): Promise<{ status: number; body: any }> {
  const request = new Request("http://coder.test/npm/-/resolve", {
    method: "POST",
    body: JSON.stringify(body),
  });
  const response = await handler(request);
  return { status: response.status, body: await response.json() };
}

async function plan(handler: Handler, request: ResolveRequest): Promise<InstallPlan> {
  const { status, body } = await post(handler, request);
  expect(body.error).toBeUndefined();
  expect(status).toBe(200);
  return body as InstallPlan;
}

const layout = ({ packages }: InstallPlan): Record<string, string> =>
  Object.fromEntries(packages.map(({ path, version }) => [path.replaceAll("node_modules/", ""), version]));

describe("layout", () => {
  test("shared packages are hoisted, conflicting ones nested below what needs them", async () => {
    const handler = await start({
      a: { "1.0.0": { dependencies: { shared: "^1.0.0" } } },
      b: { "1.0.0": { dependencies: { shared: "^2.0.0", deep: "*" } } },
      deep: { "1.0.0": { dependencies: { shared: "^2.0.0" } } },
      shared: { "1.0.0": {}, "1.4.0": {}, "2.1.0": {} },
    });
    const result = await plan(handler, { dependencies: { a: "^1.0.0", b: "1.x" } });
    expect(layout(result)).toEqual({
      a: "1.0.0",
      b: "1.0.0",
      "b/shared": "2.1.0",
      deep: "1.0.0",
      "deep/shared": "2.1.0",
      shared: "1.4.0",
    });
  });

  test("a package is never placed where it would hide what a neighbour already resolved", async () => {
    const handler = await start({
      x: { "1.0.0": {}, "2.0.0": {} },
      a: { "1.0.0": { dependencies: { b: "2.0.0" } } },
      b: { "1.0.0": {}, "2.0.0": { dependencies: { c: "1.0.0", x: "1.0.0" } } },
      c: { "1.0.0": { dependencies: { x: "2.0.0" } }, "9.0.0": {} },
    });
    const result = layout(
      await plan(handler, { dependencies: { a: "1", b: "1.0.0", c: "9.0.0", x: "1.0.0" } }),
    );
    expect(result["a/b"]).toBe("2.0.0");
    expect(result["a/c"] ?? result["a/b/c"]).toBe("1.0.0");
    // Whatever the depth: from a/b the nearest x is 1.0.0, from c it is 2.0.0.
    expect(result["a/x"]).not.toBe("2.0.0");
    expect(result["a/b/x"]).not.toBe("2.0.0");
  });

  test("peers are shared with the project, installed when missing and reported when they conflict", async () => {
    const handler = await start({
      plugin: { "1.0.0": { peerDependencies: { host: "^1.0.0", extra: "*" } } },
      picky: { "1.0.0": { peerDependencies: { host: "^2.0.0" } } },
      lazy: {
        "1.0.0": { peerDependencies: { maybe: "*" }, peerDependenciesMeta: { maybe: { optional: true } } },
      },
      host: { "1.0.0": {}, "1.2.0": {}, "2.0.0": {} },
      extra: { "3.0.0": {} },
      maybe: { "1.0.0": {} },
    });
    const result = await plan(handler, {
      dependencies: { plugin: "*", picky: "*", lazy: "*", host: "~1.0.0" },
    });
    expect(layout(result)).toEqual({
      extra: "3.0.0",
      host: "1.0.0",
      lazy: "1.0.0",
      picky: "1.0.0",
      plugin: "1.0.0",
    });
    expect(result.skipped).toEqual([expect.objectContaining({ name: "host", reason: "peer_conflict" })]);
  });

  test("several packages asking for one missing peer get a version that suits them all", async () => {
    const handler = await start({
      a: { "1.0.0": { peerDependencies: { host: ">=1" } } },
      b: { "1.0.0": { peerDependencies: { host: "^1.0.0" } } },
      host: { "1.0.0": {}, "1.5.0": {}, "2.0.0": {} },
    });
    expect(layout(await plan(handler, { dependencies: { a: "1", b: "1" } })).host).toBe("1.5.0");
  });

  test("native packages are skipped, WebAssembly builds are not, a failing optional package is no failure", async () => {
    const handler = await start({
      tool: {
        "1.0.0": { optionalDependencies: { "tool-linux": "1.0.0", "tool-wasm": "1.0.0", gone: "1.0.0" } },
      },
      "tool-linux": { "1.0.0": { os: ["linux"], cpu: ["x64"] } },
      "tool-wasm": { "1.0.0": { cpu: ["wasm32"] } },
    });
    const result = await plan(handler, { dependencies: { tool: "*" } });
    expect(layout(result)).toEqual({ tool: "1.0.0", "tool-wasm": "1.0.0" });
    expect(result.packages.find(({ name }) => name === "tool-wasm")?.optional).toBe(true);
    expect(result.skipped.map(({ name, reason }) => [name, reason])).toEqual([
      ["gone", "optional_unavailable"],
      ["tool-linux", "native"],
    ]);
  });

  test("aliases lie under their own name and come from the real package", async () => {
    const handler = await start({ real: { "1.0.0": {}, "2.0.0": {} }, "@s/p": { "1.1.0": {} } });
    const result = await plan(handler, { dependencies: { old: "npm:real@^1.0.0", scoped: "npm:@s/p" } });
    expect(result.packages.map(({ path, name, version, tarball }) => [path, name, version, tarball])).toEqual(
      [
        ["node_modules/old", "real", "1.0.0", "/npm/-/tarball/real/1.0.0.tgz"],
        ["node_modules/scoped", "@s/p", "1.1.0", "/npm/-/tarball/@s/p/1.1.0.tgz"],
      ],
    );
  });

  test("overrides: by name, below a package, by range, and by reference", async () => {
    const handler = await start({
      a: { "1.0.0": { dependencies: { x: "^1.0.0", y: "^1.0.0", z: "^1.0.0" } } },
      b: { "1.0.0": { dependencies: { x: "^1.0.0" } } },
      x: { "1.0.0": {}, "2.0.0": {}, "3.0.0": {} },
      y: { "1.0.0": {}, "4.0.0": {} },
      z: { "1.0.0": {}, "5.0.0": {} },
    });
    const result = await plan(handler, {
      dependencies: { a: "1.0.0", b: "1.0.0", z: "5.0.0" },
      overrides: { a: { x: "3.0.0" }, "y@^1.0.0": "4.0.0", z: "$z" },
    });
    expect(layout(result)).toMatchObject({ "b/x": "1.0.0", x: "3.0.0", y: "4.0.0", z: "5.0.0" });
  });

  test("excluded packages and what only they need are left out", async () => {
    const handler = await start({
      app: { "1.0.0": { dependencies: { used: "*", compiler: "*", "@types/x": "*" } } },
      used: { "1.0.0": { dependencies: { compiler: "*" } } },
      compiler: { "1.0.0": { dependencies: { parser: "*" } } },
      parser: { "1.0.0": {} },
      vite: { "1.0.0": { dependencies: { parser: "*" } } },
    });
    const exclude = ["vite", "@types/*", "app>compiler"];
    const result = await plan(handler, { dependencies: { app: "*", vite: "*" }, exclude });
    expect(layout(result)).toEqual({ app: "1.0.0", compiler: "1.0.0", parser: "1.0.0", used: "1.0.0" });
    expect(result.skipped.map(({ name }) => name)).toEqual(["@types/x", "compiler", "vite"]);
  });
});

describe("versions", () => {
  test("latest wins where the range allows it, deprecated versions lose, prereleases need to be asked for", async () => {
    const handler = await start({
      a: { "1.0.0": {}, "1.1.0": { deprecated: "broken" }, "2.0.0-rc.1": {}, "1.0.5": {} },
    });
    const version = async (range: string): Promise<string | undefined> =>
      (await plan(handler, { dependencies: { a: range } })).packages[0]?.version;
    expect(await version("^1.0.0")).toBe("1.0.5");
    expect(await version(">=1.1.0 <2")).toBe("1.1.0");
    expect(await version("^2.0.0-rc.0")).toBe("2.0.0-rc.1");
    expect(await version("latest")).toBe("1.0.5");
    expect(await version("")).toBe("1.0.5");
  });

  test("the hash changes exactly when the packages do", async () => {
    const handler = await start({ a: { "1.0.0": {}, "1.1.0": {} }, b: { "1.0.0": {} } });
    const hash = async (dependencies: Record<string, string>): Promise<string> =>
      (await plan(handler, { dependencies })).hash;
    const first = await hash({ a: "1.0.0", b: "*" });
    expect(await hash({ b: "1.x", a: "<1.1" })).toBe(first);
    expect(await hash({ a: "1.1.0", b: "*" })).not.toBe(first);
  });
});

describe("lock file", () => {
  const packages = {
    a: { "1.0.0": { dependencies: { b: "^1.0.0" } }, "1.5.0": { dependencies: { b: "^1.0.0" } } },
    b: { "1.0.0": {}, "1.9.0": {} },
    c: { "1.0.0": { dependencies: { b: "^1.0.0" } } },
  };
  const lock = JSON.stringify({
    lockfileVersion: 3,
    packages: {
      "": { dependencies: { a: "^1.0.0" } },
      "node_modules/a": { version: "1.0.0", integrity: "sha512-aaa", dependencies: { b: "^1.0.0" } },
      "node_modules/a/node_modules/b": { version: "1.0.0", integrity: "sha512-bbb" },
      "node_modules/unused": { version: "1.0.0", integrity: "sha512-ccc" },
    },
  });

  test("is honoured exactly, without asking the registry", async () => {
    const handler = await start(packages);
    const result = await plan(handler, { dependencies: { a: "^1.0.0" }, lock });
    expect(result.packages.map(({ path, version, integrity }) => [path, version, integrity])).toEqual([
      ["node_modules/a", "1.0.0", "sha512-aaa"],
      ["node_modules/a/node_modules/b", "1.0.0", "sha512-bbb"],
    ]);
    expect(server?.requests).toEqual([]);
  });

  test("what it lacks is resolved, what it has stays", async () => {
    const handler = await start(packages);
    const result = await plan(handler, { dependencies: { a: "^1.0.0", c: "*" }, lock });
    expect(layout(result)).toEqual({ a: "1.0.0", "a/b": "1.0.0", b: "1.9.0", c: "1.0.0" });
  });

  test("a changed range that the locked version does not satisfy is resolved anew", async () => {
    const handler = await start(packages);
    expect(layout(await plan(handler, { dependencies: { a: "^1.2.0" }, lock })).a).toBe("1.5.0");
  });

  test("version 1 is read too", async () => {
    const handler = await start(packages);
    const old = {
      lockfileVersion: 1,
      dependencies: {
        a: { version: "1.0.0", requires: { b: "^1.0.0" }, dependencies: { b: { version: "1.0.0" } } },
      },
    };
    const result = await plan(handler, { dependencies: { a: "^1.0.0" }, lock: JSON.stringify(old) });
    expect(layout(result)).toEqual({ a: "1.0.0", "a/b": "1.0.0" });
    expect(result.packages.every(({ integrity }) => integrity.startsWith("sha512-"))).toBe(true);
  });

  test("a damaged one is refused", async () => {
    const handler = await start(packages);
    const { status, body } = await post(handler, { dependencies: {}, lock: "{" });
    expect([status, body.error.details.reason]).toEqual([400, "invalid_lock"]);
  });
});

describe("errors", () => {
  test("an unknown package names itself, who needs it and the nearest known name", async () => {
    const handler = await start({ a: { "1.0.0": { dependencies: { raect: "^1.0.0" } } } });
    const { status, body } = await post(handler, { dependencies: { a: "*" } });
    expect(status).toBe(404);
    expect(body.error).toEqual({
      code: "not_found",
      message: 'There is no package "raect" in the registry. Did you mean "react"? It is needed by a@1.0.0.',
      details: { reason: "unknown_package", package: "raect", hint: "react", requiredBy: ["a@1.0.0"] },
    });
  });

  test("a range without a version says which is the latest", async () => {
    const handler = await start({ a: { "1.0.0": {} } });
    const { status, body } = await post(handler, { dependencies: { a: "^7.0.0" } });
    expect([status, body.error.details]).toEqual([
      404,
      { reason: "no_matching_version", package: "a", spec: "^7.0.0", latest: "1.0.0", requiredBy: [] },
    ]);
  });

  test.each([
    "git+https://example.test/a.git",
    "github:user/repo",
    "user/repo",
    "file:../a",
    "link:../a",
    "workspace:*",
    "https://example.test/a.tgz",
    "./a",
  ])("%s is an unsupported spec and is never fetched", async (spec) => {
    const handler = await start({});
    const { status, body } = await post(handler, { dependencies: { a: spec } });
    expect([status, body.error.details.reason]).toEqual([400, "unsupported_spec"]);
    expect(server?.requests).toEqual([]);
  });

  test.each([
    "../../etc/passwd",
    "a/../../b",
    ".hidden",
    "a b",
    "a?x=1",
    "http://example.test/x",
    "@a",
    "a#b",
    "%2e%2e",
  ])("the name %j asks nobody", async (name) => {
    const handler = await start({});
    const { status } = await post(handler, { dependencies: { [name]: "*" } });
    expect(status).toBe(400);
    const page = await handler(new Request(`http://coder.test/npm/${encodeURIComponent(name)}`));
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(server?.requests).toEqual([]);
  });

  test("an unreachable registry is `unavailable` and keeps its address to itself", async () => {
    const handler = createNpmHandler({ registry: "http://127.0.0.1:1" });
    const { status, body } = await post(handler, { dependencies: { a: "*" } });
    expect([status, body.error.code]).toEqual([503, "unavailable"]);
    expect(JSON.stringify(body)).not.toContain("127.0.0.1");
  });

  test("other methods, paths and bodies are refused", async () => {
    const handler = await start({});
    const status = async (path: string, init?: RequestInit): Promise<number> =>
      (await handler(new Request(`http://coder.test${path}`, init))).status;
    expect(await status("/npm/a", { method: "DELETE" })).toBe(400);
    expect(await status("/npm/-/resolve", { method: "POST", body: "{" })).toBe(400);
    expect(await status("/npm/-/resolve", { method: "POST", body: '{"dependencies":[1]}' })).toBe(400);
    expect(await status("/npm/-/tarball/a/latest.tgz")).toBe(400);
    expect(await status("/npm/-/tarball/a/../../x/1.0.0.tgz")).toBeGreaterThanOrEqual(400);
    expect(server?.requests).toEqual([]);
  });
});

describe("registry", () => {
  test("packuments point their tarballs here and are asked for once", async () => {
    const handler = await start({ "@s/p": { "1.0.0": { bin: "cli.js" } } });
    const ask = async (): Promise<string> =>
      (await handler(new Request("http://coder.test/npm/@s%2fp"))).text();
    const text = await ask();
    expect(JSON.parse(text).versions["1.0.0"]).toMatchObject({
      bin: { p: "cli.js" },
      dist: { tarball: "http://coder.test/npm/-/tarball/@s/p/1.0.0.tgz" },
    });
    expect(text).not.toContain(server?.url.replace("http://", "") ?? "-");
    await ask();
    expect(server?.requests.length).toBe(1);
  });

  test("tarballs are immutable and are the registry's bytes", async () => {
    const handler = await start({ a: { "1.0.0": { files: { "index.js": "1" } } } });
    const [entry] = (await plan(handler, { dependencies: { a: "*" } })).packages;
    const response = await handler(new Request(`http://coder.test${entry?.tarball}`));
    expect(response.headers.get("cache-control")).toContain("immutable");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(`sha512-${createHash("sha512").update(bytes).digest("base64")}`).toBe(entry?.integrity);
  });

  test("a redirect to another host is not followed, and the token goes to the registry only", async () => {
    const other = await startRegistryServer({ a: { "1.0.0": {} } });
    try {
      const handler = await start({}, "secret-token");
      server?.answer.set("/a", { status: 302, headers: { location: `${other.url}/a` } });
      const { status, body } = await post(handler, { dependencies: { a: "*" } });
      expect([status, body.error.code]).toEqual([503, "unavailable"]);
      expect(other.requests).toEqual([]);
      expect(server?.requests[0]?.authorization).toBe("Bearer secret-token");
    } finally {
      await other.close();
    }
  });

  test("a passing failure is retried", async () => {
    const handler = await start({ a: { "1.0.0": {} } });
    let failures = 1;
    server!.answer.get = (path: string) => (path === "/a" && failures-- > 0 ? { status: 502 } : undefined);
    expect(layout(await plan(handler, { dependencies: { a: "*" } }))).toEqual({ a: "1.0.0" });
    expect(server?.requests.map(({ path }) => path)).toEqual(["/a", "/a"]);
  });
});

describe("the configured registry", () => {
  const registry = execFileSync("npm", ["config", "get", "registry"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const handler = createNpmHandler({ registry });

  test("writes the lock file that npm itself writes", async () => {
    const directory = await mkdtemp(join(tmpdir(), "coder-lock-"));
    try {
      const text = readFileSync("node_modules/create-vite/template-react-ts/package.json", "utf8");
      await writeFile(join(directory, "package.json"), text);
      execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit"], {
        cwd: directory,
        stdio: "ignore",
      });
      const request = new Request("http://coder.test/npm/-/lock", { method: "POST", body: text });
      const { lock } = (await (await handler(request)).json()) as { lock: string };
      const facts = (content: string): object =>
        Object.fromEntries(
          Object.entries<Record<string, unknown>>(JSON.parse(content).packages).map(
            ([
              path,
              {
                version,
                integrity,
                dev,
                optional,
                devOptional,
                bin,
                os,
                cpu,
                dependencies,
                optionalDependencies,
              },
            ]) => [
              path,
              {
                version,
                integrity,
                dev,
                optional,
                devOptional,
                bin,
                os,
                cpu,
                dependencies,
                optionalDependencies,
              },
            ],
          ),
        );
      expect(facts(lock)).toEqual(facts(readFileSync(join(directory, "package-lock.json"), "utf8")));
      expect(lock).not.toContain(new URL(registry).host);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);

  test.each(["vanilla-ts", "react-ts", "solid-ts", "vue-ts", "svelte-ts"])(
    "resolves template %s with every dependency in place",
    async (template) => {
      const manifest = JSON.parse(
        readFileSync(`node_modules/create-vite/template-${template}/package.json`, "utf8"),
      );
      const request = {
        dependencies: manifest.dependencies ?? {},
        devDependencies: manifest.devDependencies,
      };
      const result = await plan(handler, request);
      const wanted = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
      const paths = new Set(result.packages.map(({ path }) => path));
      for (const name of wanted) expect(paths).toContain(`node_modules/${name}`);
      expect(result.packages.every(({ integrity }) => integrity.startsWith("sha512-"))).toBe(true);
      expect(JSON.stringify(result)).not.toContain(new URL(registry).host);
    },
  );
});
