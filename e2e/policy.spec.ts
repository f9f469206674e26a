import type { Page } from "@playwright/test";
import {
  apiAsOwner,
  createProject,
  getRun,
  runEnded,
  startRun,
  type ProjectRef,
} from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "policy" });

const workflowPath = ".coder/workflows/ship.yaml";
const workflow = `name: Ship
policies: { gates: { require_human_approval_for: [deploy.prod], self_approval: true } }
steps:
  - { step_id: build, type: command, command: mkdir dist && cp index.html dist }
  - { step_id: ship, type: deploy, target: prod, needs: [build] }
  - { step_id: late, type: command, command: "sleep 3; echo more > dist/more.html", needs: [build] }
`;

/** Pictures for whoever looks at them: `SHOTS=<directory>`. */
async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env["SHOTS"];
  if (directory === undefined) return;
  for (const [width, scheme] of [
    [1440, "light"],
    [1024, "dark"],
    [390, "light"],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${directory}/${name}-${width}-${scheme}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
}

test("approve by key, see what changed, approve again, freeze, try a policy, check the audit log", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const project: ProjectRef = await createProject(api, {
    name: "Shop",
    files: { "index.html": "<h1>Shop</h1>\n", [workflowPath]: workflow },
  });
  const { number } = await startRun(api, project.id, workflowPath);
  const base = `/${project.orgSlug}/${project.slug}`;
  await signInAsOwner(page, "/inbox");
  await expect(page.getByText("Waiting before deploy.prod.")).toBeVisible({ timeout: 30_000 });
  // The other branch changes what would be deployed while it waits.
  await expect(async () => {
    expect((await getRun(api, project.id, number)).status).toBe("waiting");
  }).toPass({ timeout: 30_000 });
  await expectNoViolations(page);
  await picture(page, "inbox");
  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await expect(page.getByText("This was approved, and has changed since.")).toBeVisible({ timeout: 30_000 });
  await expectNoViolations(page);
  await picture(page, "inbox-changed");
  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await expect(page.getByText("Nothing waits for you")).toBeVisible({ timeout: 30_000 });
  await runEnded(api, { projectId: project.id, number });

  await page.getByRole("link", { name: "Decided approvals" }).click();
  const decisions = page.getByRole("list", { name: "Decided approvals" }).getByRole("listitem");
  await expect(decisions).toHaveCount(2);
  await expect(decisions.first()).toContainText("Approved by");
  await expect(decisions.last()).toContainText("What would happen changed");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(decisions.first().getByRole("button", { name: "Copy the hash" })).toBeVisible();
  await expectNoViolations(page);
  await picture(page, "decided");
  await page.goto("/inbox/decided?outcome=rejected");
  await expect(page.getByText("Nothing of this kind was decided")).toBeVisible();
  await expectNoViolations(page);
  await page.goto(`${base}/runs/${number}`);
  await page.getByRole("link", { name: "Who decided, when and why" }).click();
  await expect(decisions).toHaveCount(2);
  await decisions
    .first()
    .getByRole("link", { name: `#${number}` })
    .click();
  await page.waitForURL((url) => url.pathname === `${base}/runs/${number}`);

  await page.goto(`${base}/settings`);
  await page.getByLabel("Why").fill("Incident 7: prices are wrong");
  await picture(page, "freeze-settings");
  await page.getByRole("button", { name: "Freeze the project" }).click();
  await expect(page.getByRole("complementary", { name: "Frozen" })).toContainText("Incident 7");
  await expectNoViolations(page);
  await page.goto(`${base}/runs`);
  await expect(page.getByRole("complementary", { name: "Frozen" })).toBeVisible();
  await picture(page, "frozen-runs");
  const refused = await startRun(api, project.id, workflowPath);
  const failed = await runEnded(api, { projectId: project.id, number: refused.number });
  expect(failed.status).toBe("failed");

  await page.goto(`${base}/what-if`);
  const file = page.getByRole("textbox", { name: "The file" });
  await expect(file).toHaveValue(/require_human_approval_for/);
  await page.getByRole("button", { name: "Try these policies" }).click();
  await expect(page.getByText("None would come out differently.")).toBeVisible();
  await file.fill(workflow.replace("[deploy.prod]", "[]"));
  await page.getByRole("button", { name: "Try these policies" }).click();
  await expect(page.getByText("Newly allowed (1)")).toBeVisible();
  await expectNoViolations(page);
  await picture(page, "what-if");

  await page.goto(`/${project.orgSlug}/audit`);
  await expect(page.getByText("freeze.set")).toBeVisible();
  await page.getByRole("button", { name: "Check the chain" }).click();
  await expect(page.getByText(/entries, unbroken/)).toBeVisible();
  await expectNoViolations(page);
  await picture(page, "audit");
});
