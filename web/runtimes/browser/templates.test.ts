import type { Browser } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNpmHandler } from "../../../functions/npm/npmHandler.ts";
import { launchBrowser } from "./testing/launchBrowser.ts";
import { patience } from "./testing/patience.ts";
import { openRuntimePage, templateFiles } from "./testing/runtimePage.ts";
import { configuredRegistry, startRuntimeServer, type RuntimeServer } from "./testing/runtimeServer.ts";

/**
 * Projects that we did not write: the templates of create-vite as they are in its package, with their packages from
 * the registry that npm is configured for.
 */
interface Template {
  name: string;
  /** Where "Get started" stands. */
  file: string;
  /** Whether a counter keeps its value over an edit of that file, as it does under Vite. */
  keepsState: boolean;
  /** A sheet with a rule for h1. */
  sheet: string;
}

const templates: Template[] = [
  { name: "vanilla-ts", file: "src/main.ts", keepsState: false, sheet: "src/style.css" },
  { name: "react-ts", file: "src/App.tsx", keepsState: true, sheet: "src/index.css" },
  { name: "solid-ts", file: "src/App.tsx", keepsState: true, sheet: "src/index.css" },
  { name: "vue-ts", file: "src/components/HelloWorld.vue", keepsState: true, sheet: "src/style.css" },
  { name: "svelte-ts", file: "src/App.svelte", keepsState: false, sheet: "src/app.css" },
  { name: "preact-ts", file: "src/app.tsx", keepsState: false, sheet: "src/index.css" },
  { name: "lit-ts", file: "index.html", keepsState: false, sheet: "src/index.css" },
];

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

describe.each(templates)("create-vite template $name", ({ name, file, keepsState, sheet }) => {
  test("renders, takes edits while it runs, and its build renders", { timeout: 120_000 }, async () => {
    const runtime = await openRuntimePage({ browser, server });
    try {
      await runtime.mount(await templateFiles(name));
      const state = await runtime.start();
      if (state.kind !== "ready") throw new Error(JSON.stringify(state));
      const title = runtime.preview.locator("h1").first();
      await title.waitFor();
      expect(await title.innerText()).toMatch(/Get started/);

      const counter = runtime.preview.locator("button").first();
      await counter.click();
      await counter.click();
      expect(await counter.innerText()).toMatch(/2/);

      await runtime.edit(file, "Get started", "Edited while running");
      await runtime.preview.getByText("Edited while running").waitFor();
      expect(await counter.innerText()).toMatch(keepsState ? /2/ : /0/);

      if (name !== "lit-ts") {
        await runtime.write(sheet, `${await runtime.read(sheet)}\nh1 { letter-spacing: 7px !important; }`);
        await expect
          .poll(() => title.evaluate((h1) => getComputedStyle(h1).letterSpacing), patience)
          .toBe("7px");
      }

      const built = await runtime.build();
      if ("failure" in built) throw new Error(JSON.stringify(built.failure));
      server.sites.set(
        name,
        new Map(Object.entries(built.files).map(([path, bytes]) => [path, bytes as Uint8Array])),
      );
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(server.origin.replace("localhost", `${name}.localhost`));
      await page.getByText("Edited while running").waitFor();
      const image = page.locator("img").first();
      expect(
        await image.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth)),
      ).toBeGreaterThan(0);
      expect(errors).toEqual([]);
      await page.close();
    } finally {
      await runtime.close();
    }
  });
});
