import type { Browser } from "@playwright/test";
import { afterAll, beforeAll } from "vitest";
import { createNpmHandler } from "../../../functions/npm/npmHandler.ts";
import { runtimeContract } from "../runtime.contract.ts";
import { launchBrowser } from "./testing/launchBrowser.ts";
import { openRuntimePage } from "./testing/runtimePage.ts";
import { configuredRegistry, startRuntimeServer, type RuntimeServer } from "./testing/runtimeServer.ts";

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

runtimeContract("built in, Rolldown", () => openRuntimePage({ browser, server }));
runtimeContract("built in, esbuild", () => openRuntimePage({ browser, server, engine: "esbuild" }));
