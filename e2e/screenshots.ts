import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { apiAsOwner, type ProjectRef } from "./fixtures/apiClient.ts";
import { browserArguments, requireBrowser } from "./fixtures/browser.ts";
import { makePicturedProject } from "./fixtures/picturedProject.ts";
import { startStack } from "./fixtures/stack.ts";

/**
 * `npm run screenshots [docs | pages]`: from the real product with real data the pictures of the documentation (docs/images),
 * and every page in light and dark at three widths (screenshots/, which git ignores).
 */
const documentation = join(import.meta.dirname, "../docs/images");
const everyPage = join(import.meta.dirname, "../screenshots");
const waitMs = 180_000;
const widths = [1440, 1024, 390];
const desktop = { width: 1440, height: 900 };

const wanted = process.argv[2];
const stack = await startStack();
const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
try {
  const context = await browser.newContext({ baseURL: stack.url, viewport: desktop, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  if (wanted !== "pages") await picturesOfTheStudio(page);
  else await signIn(page);
  const project = await makePicturedProject(await apiAsOwner(stack), stack);
  if (wanted !== "pages") await picturesOfTheGuides(page, project);
  if (wanted !== "docs") await picturesOfEveryPage(page, project);
} finally {
  await browser.close();
  await stack.stop();
  await stack.remove();
}

async function signIn(page: Page): Promise<void> {
  await page.goto("/signin");
  await page.getByRole("button", { name: "Continue as the owner of this machine" }).click();
  await page.waitForURL((url) => url.pathname !== "/signin");
}

async function picturesOfTheStudio(page: Page): Promise<void> {
  await mkdir(documentation, { recursive: true });
  await page.goto("/");
  await page.getByRole("button", { name: /Habit tracker/ }).click();
  await page.getByRole("button", { name: "Continue as the owner of this machine" }).click();
  await page
    .frameLocator("iframe[title='Preview of the project']")
    .getByRole("heading", { name: "Habit tracker" })
    .waitFor();
  await page.getByRole("treeitem", { name: "App.tsx" }).click();
  await page.getByRole("textbox", { name: "Editor of src/App.tsx" }).getByText("<h1>Habit tracker").waitFor();
  await page.screenshot({ path: join(documentation, "studio.png") });

  await page.getByRole("button", { name: "Operationalize" }).click();
  await page.getByRole("button", { name: "Open change" }).waitFor();
  await page.screenshot({ path: join(documentation, "operationalize.png"), animations: "disabled" });
  await page.getByRole("button", { name: "Open change" }).click();
  await page.getByRole("button", { name: "Merge" }).click();

  await page.getByRole("button", { name: "Run CI" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run", exact: true }).click();
  // Live, with something to see: the tests are done and the build prints.
  const steps = page.getByRole("navigation", { name: "Steps" });
  await steps.getByRole("button", { name: /^Build\s*: Running/ }).waitFor();
  await page.getByRole("link", { name: "Line 1", exact: true }).waitFor();
  await page.screenshot({ path: join(documentation, "run.png") });
  await page.getByRole("button", { name: "Run again" }).waitFor();
}

/** Goes to a page and waits until everything that it asks for is there. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(path, { waitUntil: "networkidle" });
  await page
    .getByText(/^Loading/)
    .first()
    .waitFor({ state: "hidden" });
}

async function picturesOfTheGuides(page: Page, project: ProjectRef): Promise<void> {
  const base = `/${project.orgSlug}/${project.slug}`;
  for (const [name, path] of [
    ["workflow-editor", `${base}/workflows/ci.yaml`],
    ["events", `${base}/events`],
    ["inbox", "/inbox"],
    ["audit", `/${project.orgSlug}/audit`],
    ["change", `${base}/changes/1`],
  ] as const) {
    await open(page, path);
    await page.screenshot({ path: join(documentation, `${name}.png`), animations: "disabled" });
  }
}

async function picturesOfEveryPage(page: Page, project: ProjectRef): Promise<void> {
  await mkdir(everyPage, { recursive: true });
  for (const [name, path] of pagesOf(project)) {
    await page.setViewportSize(desktop);
    await open(page, path);
    for (const width of widths)
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        const file = join(everyPage, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path: file, animations: "disabled" });
      }
  }
}

function pagesOf({ orgSlug, slug }: ProjectRef): [name: string, path: string][] {
  const base = `/${orgSlug}/${slug}`;
  return [
    ["home", "/"],
    ["studio", base],
    ["inbox", "/inbox"],
    ["decided", "/inbox/decided"],
    ["runs", `${base}/runs`],
    ["run-log", `${base}/runs/1?step=test`],
    ["run-graph", `${base}/runs/1?view=graph`],
    ["run-timeline", `${base}/runs/1?view=timeline`],
    ["run-artifacts", `${base}/runs/1?view=artifacts`],
    ["run-events", `${base}/runs/1?view=events`],
    ["run-waiting", `${base}/runs/3`],
    ["compare", `${base}/runs/3/compare?with=2`],
    ["log-search", `${base}/logs?q=rounds`],
    ["changes", `${base}/changes`],
    ["change", `${base}/changes/1`],
    ["issues", `${base}/issues`],
    ["issue", `${base}/issues/2`],
    ["workflows", `${base}/workflows`],
    ["workflow-new", `${base}/workflows/new`],
    ["workflow-editor", `${base}/workflows/ci.yaml`],
    ["what-if", `${base}/what-if`],
    ["events", `${base}/events`],
    ["project-settings", `${base}/settings`],
    ["org-runs", `/${orgSlug}/runs`],
    ["org-settings", `/${orgSlug}/settings`],
    ["audit", `/${orgSlug}/audit`],
    ["tokens", "/settings/tokens"],
    ["nothing-here", "/nothing/is/at/this/address"],
  ];
}
