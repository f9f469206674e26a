import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { apiAsOwner, createProject } from "./fixtures/apiClient.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "secrets" });

const yaml = `name: Publish
triggers: [{ type: manual }]
policies: { secrets: { allowed: [NPM_TOKEN] } }
steps:
  - { type: command, command: "true", env: { T: "\${{ secrets.NPM_TOKEN }}" } }
`;
const value = "npm_never-shown-again";

test("a secret that a workflow wants is set, replaced and removed, and its value is nowhere on the page", async ({
  page,
  stack,
}, info) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, {
    name: "Secrets shop",
    files: { "README.md": "# Shop\n", ".coder/workflows/publish.yaml": yaml },
  });
  await signInAsOwner(page);
  await page.goto(`/${project.orgSlug}/${project.slug}/settings`);
  const section = page.locator("section").filter({ has: page.getByRole("heading", { name: "Secrets" }) });
  await expect(section.getByText("not set")).toBeVisible();
  await expect(section.getByText("named by Publish")).toBeVisible();
  await section.getByRole("button", { name: "Set NPM_TOKEN" }).click();
  await page.getByLabel("Value", { exact: true }).fill(`${value}\n`);
  await expectNoViolations(page);
  await page.screenshot({ path: info.outputPath("set.png") });
  await page.getByRole("button", { name: "Save" }).click();
  await expect(section.getByText("never used")).toBeVisible();
  await expect(section.getByText("not set")).toBeHidden();

  await section.getByRole("button", { name: "Add a secret" }).click();
  await page.getByLabel("Name", { exact: true }).last().fill("PATH");
  await expect(page.getByText("PATH is reserved; choose another name")).toBeVisible();
  await page.getByLabel("Name", { exact: true }).last().fill("SIGNING_KEY");
  await page.getByLabel("Value", { exact: true }).fill("-----BEGIN KEY-----\nabc\n-----END KEY-----\n");
  await expect(page.getByRole("checkbox", { name: "Commands see the value itself" })).toBeChecked();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(section.getByText("commands see the value")).toBeVisible();

  await section.getByRole("button", { name: "Replace NPM_TOKEN" }).click();
  await expect(page.getByLabel("Value", { exact: true })).toHaveValue("");
  await page.getByLabel("Value", { exact: true }).fill("another value");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("NPM_TOKEN has a new value.")).toBeVisible();
  expect(await page.content()).not.toContain(value);
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await section.scrollIntoViewIfNeeded();
    await expectNoViolations(page);
    await page.screenshot({ path: info.outputPath(`secrets-${width}.png`) });
  }

  await section.getByRole("button", { name: "Remove NPM_TOKEN" }).click();
  await expect(page.getByText("Publish cannot start without it.")).toBeVisible();
  const remove = page.getByRole("button", { name: "Remove for good" });
  await expect(remove).toBeDisabled();
  await page.getByLabel("Type NPM_TOKEN to remove it").fill("NPM_TOKEN");
  await page.screenshot({ path: info.outputPath("remove.png") });
  await remove.click();
  await expect(section.getByText("not set")).toBeVisible();

  await page.goto(`/${project.orgSlug}/settings`);
  await expect(page.getByText("No secrets yet")).toBeVisible();
  await expectNoViolations(page);
});
