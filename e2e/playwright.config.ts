import { defineConfig } from "@playwright/test";
import { browserArguments, requireBrowser } from "./fixtures/browser.ts";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: "../test-results",
  // Each worker starts a whole stack of its own; two cores hold one at a time.
  workers: 1,
  // Deadlines are for what hangs.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  retries: 0,
  reporter: [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    launchOptions: { executablePath: requireBrowser(), args: browserArguments },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
});
