import type { FrameLocator, Page } from "@playwright/test";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, test } from "./fixtures/test.ts";

test.use({ stackName: "wholePath" });
test.setTimeout(600_000);

/** A run of the whole path does real work: installs, builds, tests. */
const workMs = 150_000;

function previewOf(page: Page): FrameLocator {
  return page.frameLocator("iframe[title='Preview of the project']");
}

async function runWorkflow(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: "Workflows" }).click();
  await page.getByRole("button", { name: `Run ${name}`, exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run", exact: true }).click();
  await page.waitForURL(/\/runs\/\d+/);
}

test("from a starter to production, all the way", async ({ page, newPerson }) => {
  await test.step("choose a starter, sign in, see it running", async () => {
    await page.goto("/");
    await expectNoViolations(page);
    await page.getByRole("button", { name: /Habit tracker/ }).click();
    await page.waitForURL(/\/signin/);
    await expectNoViolations(page);
    await page.getByRole("button", { name: "Continue as the owner of this machine" }).click();
    await page.waitForURL(/\/owner\/habit-tracker/);
    await expect(previewOf(page).getByRole("heading", { name: "Habit tracker" })).toBeVisible({
      timeout: 60_000,
    });
    await expectNoViolations(page);
  });

  await test.step("edit, see the change, commit", async () => {
    await page.getByRole("treeitem", { name: "App.tsx" }).click();
    await page
      .getByRole("textbox", { name: "Editor of src/App.tsx" })
      .getByText("<h1>Habit tracker</h1>")
      .click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await page.keyboard.insertText("<h1>My week</h1>");
    await expect(previewOf(page).getByRole("heading", { name: "My week" })).toBeVisible();
    await page.keyboard.press("Control+s");
    await expect(page.getByText("Committed to main.")).toBeVisible();
  });

  await test.step("a link shows it to somebody without an account", async () => {
    await page.getByRole("button", { name: "Share" }).click();
    await page.getByRole("button", { name: "Create a link" }).click();
    const open = page.getByRole("link", { name: "Open", exact: true });
    await expect(open).toBeVisible({ timeout: 60_000 });
    await expectNoViolations(page);
    const visitor = await newPerson();
    await visitor.page.goto((await open.getAttribute("href")) ?? "");
    await expect(visitor.page.getByRole("heading", { name: "My week" })).toBeVisible();
    await page.keyboard.press("Escape");
  });

  await test.step("Operationalize proposes workflows, one change holds them", async () => {
    await page.getByRole("button", { name: "Operationalize" }).click();
    await expect(page.getByRole("button", { name: "Open change" })).toBeVisible({ timeout: workMs });
    for (const name of ["ci.yaml", "dependency-updates.yaml", "release.yaml"])
      await expect(page.getByRole("article", { name })).toBeVisible();
    await expectNoViolations(page);
    await page.getByRole("button", { name: "Open change" }).click();
    await page.getByRole("link", { name: /Review change/ }).click();
    await expect(page.getByText(".coder/workflows/ci.yaml").first()).toBeVisible();
    await expectNoViolations(page);
    await page.getByRole("button", { name: "Merge" }).click();
    await expect(page.getByText("is merged into main.")).toBeVisible();
  });

  await test.step("run CI, watch its log live", async () => {
    await runWorkflow(page, "CI");
    const steps = page.getByRole("navigation", { name: "Steps" });
    await expect(steps.getByRole("button", { name: /: Running/ })).toBeVisible({ timeout: 30_000 });
    // Output is on the page while the run goes on.
    await expect(page.getByRole("link", { name: "Line 1", exact: true })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole("button", { name: "Cancel run" })).toBeVisible();
    await expectNoViolations(page);
    await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: workMs });
    await expect(page.getByText("Succeeded").first()).toBeVisible();
    await expect(steps.getByRole("button", { name: /: Succeeded/ })).not.toHaveCount(0);
    await expect(steps.getByRole("button", { name: /: (Failed|Skipped|Pending|Running)/ })).toHaveCount(0);
  });

  await test.step("its test report and its deployment", async () => {
    await page.getByRole("button", { name: /^Tests:/ }).click();
    const report = page.getByRole("region", { name: "Artifact", exact: true });
    await expect(report.getByText("passed", { exact: true })).toBeVisible();
    await expectNoViolations(page);
    await page.getByRole("button", { name: /^Deployment:/ }).click();
    await expect(report.getByText("Preview", { exact: true })).toBeVisible();
    await expectNoViolations(page);
    const address = await report.getByRole("link", { name: /^Open / }).getAttribute("href");
    const visitor = await newPerson();
    await visitor.page.goto(address ?? "");
    await expect(visitor.page.getByRole("heading", { name: "My week" })).toBeVisible();
  });

  await test.step("a second press of Operationalize proposes nothing", async () => {
    await page.goto("/owner/habit-tracker/workflows?operationalize=open");
    await expect(page.getByText("Nothing to propose")).toBeVisible({ timeout: workMs });
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  });

  const release = async (): Promise<string> => {
    await runWorkflow(page, "Release");
    const card = page.getByRole("article", { name: "Approval: Deploy to production" });
    await expect(card).toBeVisible({ timeout: workMs });
    await expectNoViolations(page);
    await card.getByRole("button", { name: "Approve" }).click();
    await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: workMs });
    await expect(page.getByText("Succeeded").first()).toBeVisible();
    await page.getByRole("button", { name: /^Deployment:/ }).click();
    const artifact = page.getByRole("region", { name: "Artifact", exact: true });
    await expect(artifact.getByText("Production", { exact: true })).toBeVisible();
    return (await artifact.getByRole("link", { name: /^Open / }).getAttribute("href")) ?? "";
  };

  await test.step("release: approval, then production", async () => {
    const visitor = await newPerson();
    await visitor.page.goto(await release());
    await expect(visitor.page.getByRole("heading", { name: "My week" })).toBeVisible();
  });

  await test.step("a second release, and back to the first", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Studio" }).click();
    await page.getByRole("treeitem", { name: "App.tsx" }).click();
    await page.getByRole("textbox", { name: "Editor of src/App.tsx" }).getByText("<h1>My week</h1>").click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await page.keyboard.insertText("<h1>My mistake</h1>");
    await page.keyboard.press("Control+s");
    await expect(page.getByText("Committed to main.")).toBeVisible();
    const address = await release();
    const visitor = await newPerson();
    await visitor.page.goto(address);
    await expect(visitor.page.getByRole("heading", { name: "My mistake" })).toBeVisible();
    await page.getByRole("button", { name: "Roll back to this" }).click();
    await expect(page.getByText(/ shows .+ now\./)).toBeVisible();
    await visitor.page.reload();
    await expect(visitor.page.getByRole("heading", { name: "My week" })).toBeVisible();
  });
});
