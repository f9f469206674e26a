import { apiAsOwner, createProject, runEnded, startRun } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { createViteTemplate } from "./fixtures/templates.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "redRuns" });

const ciPath = ".coder/workflows/ci.yaml";

function ci(...steps: string[]): string {
  return [
    "version: 1",
    "name: CI",
    "triggers: [{ type: manual }]",
    "policies: { network: { allowed_domains: [registry] } }",
    "steps:",
    ...steps.map((step) => `  - { type: command, ${step} }`),
    "",
  ].join("\n");
}

test("a failing test: CI is red, and the page names the step and the test", async ({ page, stack }) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, {
    name: "Wrong sum",
    files: {
      "package.json": JSON.stringify({ name: "wrong-sum", type: "module", scripts: { test: "node --test" } }),
      "sum.js": "export const sum = (a, b) => a - b;\n",
      "sum.test.js": [
        'import assert from "node:assert/strict";',
        'import { test } from "node:test";',
        'import { sum } from "./sum.js";',
        'test("zero is neutral", () => assert.equal(sum(2, 0), 2));',
        'test("two and two are four", () => assert.equal(sum(2, 2), 4));',
        "",
      ].join("\n"),
      [ciPath]: ci(
        "step_id: test, name: Run tests, command: npm run test",
        "step_id: after, name: After, command: echo never",
      ),
    },
  });
  const run = await startRun(api, project.id, ciPath);
  const ended = await runEnded(api, { projectId: project.id, number: run.number });
  expect(ended.status).toBe("failed");

  await signInAsOwner(page, `/${project.orgSlug}/${project.slug}/runs/${run.number}`);
  const steps = page.getByRole("navigation", { name: "Steps" });
  await expect(steps.getByRole("button", { name: /^Run tests\s*: Failed/ })).toBeVisible();
  await expect(steps.getByRole("button", { name: /^After\s*: Skipped/ })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("Run tests failed.");
  await expect(page.getByRole("region", { name: "Log lines" })).toContainText("two and two are four");
  await page.getByRole("button", { name: /^Tests:/ }).click();
  const failures = page.getByRole("region", { name: "Artifact", exact: true }).getByRole("listitem");
  await expect(failures).toHaveCount(1);
  await expect(failures).toContainText("two and two are four");
  await expectNoViolations(page);
});

test("a project that does not build: typed failure in the preview, the compiler's words in CI", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const template = await createViteTemplate("vanilla-ts");
  const text = Object.fromEntries(
    Object.entries(template)
      .filter(([path]) => /\.(?:ts|json|html|css)$/.test(path) && !path.includes("counter"))
      .map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]),
  );
  const project = await createProject(api, {
    name: "Half written",
    files: {
      ...text,
      "src/main.ts": 'document.title = "Half written";\n\nconst total: number = 4 +;\nconsole.log(total);\n',
      [ciPath]: ci(
        "step_id: install, name: Install, command: npm install --no-package-lock --no-audit --no-fund",
        "step_id: build, name: Build, command: npm run build",
      ),
    },
  });

  await signInAsOwner(page, `/${project.orgSlug}/${project.slug}`);
  const preview = page.getByRole("region", { name: "Preview" });
  const failure = preview.getByRole("alert");
  await expect(failure.getByRole("heading", { name: "The project does not build" })).toBeVisible({
    timeout: 60_000,
  });
  await expect(failure.getByRole("button", { name: /^src\/main\.ts:3:\d+$/ })).toBeVisible();
  await expectNoViolations(page);

  const run = await startRun(api, project.id, ciPath);
  await page.goto(`/${project.orgSlug}/${project.slug}/runs/${run.number}`);
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 120_000 });
  const steps = page.getByRole("navigation", { name: "Steps" });
  await expect(steps.getByRole("button", { name: /^Build\s*: Failed/ })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("Build failed.");
  await expect(page.getByRole("region", { name: "Log lines" })).toContainText(
    /src\/main\.ts[(:]3[,:]\d+\)?.*Expression expected/,
  );
  await expectNoViolations(page);
});
