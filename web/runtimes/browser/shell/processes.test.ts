import type { Browser } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNpmHandler } from "../../../../functions/npm/npmHandler.ts";
import type { FileMap } from "../../runtime.ts";
import { launchBrowser } from "../testing/launchBrowser.ts";
import { patience } from "../testing/patience.ts";
import { openRuntimePage, type RuntimePage } from "../testing/runtimePage.ts";
import { configuredRegistry, startRuntimeServer, type RuntimeServer } from "../testing/runtimeServer.ts";

let server: RuntimeServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startRuntimeServer({ npm: createNpmHandler({ registry: configuredRegistry() }) }),
    launchBrowser(),
  ]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function withFiles(files: FileMap, run: (runtime: RuntimePage) => Promise<void>): Promise<void> {
  const runtime = await openRuntimePage({ browser, server });
  try {
    await runtime.mount(files);
    await run(runtime);
  } finally {
    await runtime.close();
  }
}

test("a script runs in a worker of the run origin, reads and writes the project, with an installed package", async () => {
  const files = {
    "package.json": JSON.stringify({ type: "module", dependencies: { clsx: "^2.1.1" } }),
    "in.txt": "input",
    "main.ts": `import fs from "node:fs"; import clsx from "clsx";
      fs.writeFileSync("out.txt", fs.readFileSync("in.txt", "utf8").toUpperCase());
      console.log(clsx("a", { b: true }), process.argv[2], location.origin === ${JSON.stringify(server.origin)});
      setTimeout(() => { process.exitCode = 3; }, 10);`,
  };
  await withFiles(files, async (runtime) => {
    expect((await runtime.run("npm", "install")).code).toBe(0);
    expect(await runtime.run("node", "main.ts", "x")).toEqual({
      code: 3,
      output: "a b x \u001b[33mfalse\u001b[39m\r\n",
    });
    expect(await runtime.read("out.txt")).toBe("INPUT");
  });
});

test("an endless loop is killed and the runtime goes on", async () => {
  await withFiles({ "loop.js": "console.log('spinning'); for (;;) {}" }, async (runtime) => {
    const code = await runtime.page.evaluate(async () => {
      const process = await coder.runtime.spawn("node", ["loop.js"]);
      for await (const text of process.output) {
        if (text.includes("spinning")) process.kill();
      }
      return process.exit;
    });
    expect(code).toBe(130);
    expect((await runtime.run("echo", "still here")).output).toBe("still here\r\n");
  });
});

test("the vitest shim runs a project's tests", async () => {
  const files = {
    "package.json": JSON.stringify({ type: "module", scripts: { test: "vitest run" } }),
    "a.test.ts": `import { expect, test, vi } from "vitest"; import { add } from "./add";
      test("adds", () => { const f = vi.fn(add); expect(f(1, 2)).toBe(3); expect(f).toHaveBeenCalledWith(1, 2); });
      test("fails", () => { expect(add(1, 1)).toBe(3); });`,
    "add.ts": "export const add = (a: number, b: number): number => a + b;",
  };
  await withFiles(files, async (runtime) => {
    const { code, output } = await runtime.run("npm", "test");
    expect([code, output]).toEqual([1, expect.stringContaining("a.test.ts (2 tests | 1 failed)")]);
    expect(output).toContain("expected 2 to be 3");
  });
});

test("a process reaches neither the Studio's storage nor its answers", async () => {
  const files = {
    "spy.js": `const attempt = async (name, action) => { try { console.log(name, String(await action())); } catch (error) { console.log(name, "refused"); } };
      await attempt("fetch", () => fetch(${JSON.stringify(`${server.origin}/page.html`)}).then((r) => r.text()));
      await attempt("databases", () => indexedDB.databases().then((all) => all.length));
      await attempt("dom", () => typeof document);`,
  };
  await withFiles(files, async (runtime) => {
    await runtime.page.evaluate(() => indexedDB.open("studio-secret"));
    expect((await runtime.run("node", "spy.js")).output).toBe(
      "fetch refused\r\ndatabases 0\r\ndom undefined\r\n",
    );
  });
});

test("files survive a tab that dies without a word", async () => {
  const context = await browser.newContext();
  try {
    const open = async () => {
      const page = await context.newPage();
      await page.goto(`${server.origin}/page.html`);
      await page.evaluate(() => coder.boot({ projectId: "survivor", persist: true }));
      return page;
    };
    const first = await open();
    await first.evaluate(async () => {
      await coder.runtime.mount({ "a.txt": "one", "gone.txt": "x" });
      await coder.runtime.fs.writeFile("bin", new Uint8Array([0, 255, 1]));
      await coder.runtime.fs.rm("gone.txt");
      await coder.runtime.fs.writeFile("node_modules/x/a.js", "not kept");
    });
    // Kept when the journal has it: seen from another tab, which reads what is stored.
    const second = await open();
    await expect.poll(() => storedPaths(second), patience).toEqual(["a.txt", "bin"]);
    const session = await context.newCDPSession(first);
    await Promise.race([session.send("Page.crash").catch(() => undefined), first.waitForEvent("crash")]);
    const third = await open();
    const found = await third.evaluate(async () => ({
      list: await coder.runtime.fs.list(),
      text: await coder.runtime.fs.readText("a.txt"),
      bytes: [...(await coder.runtime.fs.readFile("bin"))],
    }));
    expect(found).toEqual({ list: ["a.txt", "bin"], text: "one", bytes: [0, 255, 1] });
  } finally {
    await context.close();
  }
});

function storedPaths(page: RuntimePage["page"]): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const request = indexedDB.open("coder-project-files", 1);
        request.onerror = () => reject(new Error("cannot be opened"));
        request.onsuccess = () => {
          const keys = request.result.transaction("files").objectStore("files").getAllKeys();
          keys.onerror = () => reject(new Error("cannot be read"));
          keys.onsuccess = () => {
            request.result.close();
            const all = keys.result.map(String);
            resolve(
              all.filter((key) => key.startsWith("survivor/")).map((key) => key.slice("survivor/".length)),
            );
          };
        };
      }),
  );
}
