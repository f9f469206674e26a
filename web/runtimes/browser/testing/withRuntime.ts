import type { Browser } from "@playwright/test";
import { afterAll, beforeAll } from "vitest";
import { createNpmHandler } from "../../../../functions/npm/npmHandler.ts";
import { launchBrowser } from "./launchBrowser.ts";
import { openRuntimePage, type RuntimePage } from "./runtimePage.ts";
import { configuredRegistry, startRuntimeServer, type RuntimeServer } from "./runtimeServer.ts";

interface Around {
  server: RuntimeServer;
  browser: Browser;
}

/** A server and a browser for the tests of a file; each test gets a page with a runtime of its own from what is returned. */
export function runtimesForTests() {
  let around: Around | undefined;
  beforeAll(async () => {
    const [server, browser] = await Promise.all([
      startRuntimeServer({ npm: createNpmHandler({ registry: configuredRegistry() }) }),
      launchBrowser(),
    ]);
    around = { server, browser };
  }, 120_000);
  afterAll(async () => {
    await around?.browser.close();
    await around?.server.close();
  });
  return async function withRuntime(
    run: (runtime: RuntimePage, around: Around) => Promise<void>,
    engine: "rolldown" | "esbuild" = "rolldown",
  ): Promise<void> {
    if (around === undefined) throw new Error("The server and the browser are started before the tests");
    const runtime = await openRuntimePage({ ...around, engine });
    try {
      await run(runtime, around);
    } finally {
      await runtime.close();
    }
  };
}
