import { z } from "zod";
import { apiAsOwner, createProject, runEnded, startRun } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

// A second of a command costs a credit.
test.use({ stackName: "credits", stackEnv: { CODER_CREDITS_PER_MINUTE: "60" } });

const path = ".coder/workflows/paid.yaml";
const workflow = [
  "name: Paid",
  "policies: { budget: { max_credits: 30 } }",
  "steps:",
  "  - { name: Short, type: command, command: sleep 1, timeout_sec: 20 }",
  "  - { name: Long, type: command, command: sleep 1, timeout_sec: 40 }",
].join("\n");

test("W278 the run's page says what it and its steps have cost, what the budget refused, and what a dry run expects", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, { name: "Paid", files: { [path]: workflow } });
  const base = `/${project.orgSlug}/${project.slug}/runs`;
  const run = await startRun(api, project.id, path);
  await runEnded(api, { projectId: project.id, number: run.number });
  await signInAsOwner(page);

  await page.goto(`${base}/${run.number}`);
  const status = page.getByText(/^by .* · manual/);
  await expect(status).toContainText(/\d(\.\d+)? cr/);
  const steps = page.getByRole("navigation", { name: "Steps" });
  await expect(steps.getByRole("button", { name: /^Short/ })).toContainText(" cr");
  await expect(steps.getByRole("button", { name: /^Long/ })).not.toContainText(" cr");
  await expect(page.getByText("This command can cost up to 40 cr").first()).toBeVisible();
  await expectNoViolations(page);
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("columnheader", { name: "Paid" })).toBeVisible();
  await expectNoViolations(page);

  const id = crypto.randomUUID();
  const { number } = await api.mutate(
    "runs.start",
    { id, projectId: project.id, workflowPath: path, dryRun: true },
    z.object({ number: z.number() }),
  );
  await runEnded(api, { projectId: project.id, number });
  await page.goto(`${base}/${number}`);
  await expect(page.getByText(/^by .* · manual/)).toContainText(
    "est. at most 60 cr; what would pass max_credits (30 cr) is refused",
  );
});
