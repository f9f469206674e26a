import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { browserArguments, requireBrowser } from "./fixtures/browser.ts";
import { startStack } from "./fixtures/stack.ts";

/** `npm run screenshots`: the pictures of the documentation, from the real product, into docs/images/. */
const directory = join(import.meta.dirname, "../docs/images");
const waitMs = 180_000;

const stack = await startStack();
const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
try {
  const context = await browser.newContext({
    baseURL: stack.url,
    viewport: { width: 1440, height: 900 },
    colorScheme: "light",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await picturesOfTheDocumentation(page);
} finally {
  await browser.close();
  await stack.stop();
  await stack.remove();
}

async function picturesOfTheDocumentation(page: Page): Promise<void> {
  await mkdir(directory, { recursive: true });
  await page.goto("/");
  await page.getByRole("button", { name: /Habit tracker/ }).click();
  await page.getByRole("button", { name: "Continue as the owner of this machine" }).click();
  await page
    .frameLocator("iframe[title='Preview of the project']")
    .getByRole("heading", { name: "Habit tracker" })
    .waitFor();
  await page.getByRole("treeitem", { name: "App.tsx" }).click();
  await page.getByRole("textbox", { name: "Editor of src/App.tsx" }).getByText("<h1>Habit tracker").waitFor();
  await page.screenshot({ path: join(directory, "studio.png") });

  await page.getByRole("button", { name: "Operationalize" }).click();
  await page.getByRole("button", { name: "Open change" }).waitFor();
  await page.screenshot({ path: join(directory, "operationalize.png"), animations: "disabled" });
  await page.getByRole("button", { name: "Open change" }).click();
  await page.getByRole("button", { name: "Merge" }).click();

  await page.getByRole("button", { name: "Run CI" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run", exact: true }).click();
  // Live, with something to see: the tests are done and the build prints.
  const steps = page.getByRole("navigation", { name: "Steps" });
  await steps.getByRole("button", { name: /^Build\s*: Running/ }).waitFor();
  await page.getByRole("link", { name: "Line 1", exact: true }).waitFor();
  await page.screenshot({ path: join(directory, "run.png") });
  await page.getByRole("button", { name: "Run again" }).waitFor();
}
