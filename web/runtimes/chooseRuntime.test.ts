import type { Browser } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNpmHandler } from "../../functions/npm/npmHandler.ts";
import { launchBrowser } from "./browser/testing/launchBrowser.ts";
import { smallProject } from "./browser/testing/smallProject.ts";
import {
  configuredRegistry,
  startRuntimeServer,
  type RuntimeServer,
} from "./browser/testing/runtimeServer.ts";

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

test("where WebContainers cannot be reached, the built-in runtime runs the project after the deadline", async () => {
  const page = await browser.newPage();
  const reached: string[] = [];
  // What is not on this machine stays unanswered, as behind a firewall: boot() of WebContainers never settles then.
  await page.route(
    (url) => !url.hostname.endsWith("localhost"),
    (route) => {
      reached.push(route.request().url());
    },
  );
  await page.goto(`${server.origin}/page.html`);
  expect(await page.evaluate(() => coder.choose({ projectId: "chosen", bootDeadlineMs: 500 }))).toBe(
    "browser",
  );
  expect(reached.length).toBeGreaterThan(0);
  const { "package.json": _none, ...files } = smallProject();
  const state = await page.evaluate(
    async (files) => {
      await coder.runtime.mount(files);
      await coder.runtime.startPreview();
      return coder.runtime.preview;
    },
    files as Record<string, string>,
  );
  expect(state).toMatchObject({ kind: "ready" });
  await page.evaluate(() => coder.show());
  await page.frameLocator("#preview").getByText("Hello").waitFor();
  await page.close();
});
