import { z } from "zod";
import { runStatuses } from "../shared/run/events.ts";
import { apiAsOwner, createProject, startRun, type ApiClient } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "history" });

const path = ".coder/workflows/say.yaml";
/** A link of a terminal, markup, a control that reorders text, and a word to look for. */
const hostile = [
  String.raw`printf '\033]8;;javascript:window.hit=1\033\\click\033]8;;\033\\ <img src=x onerror=window.hit=1>\n'`,
  String.raw`printf 'a\342\200\256b needle\n'`,
].join("; ");
const workflow = `name: Say\nsteps:\n  - step_id: first\n    name: First\n    type: command\n    command: echo one\n  - step_id: say\n    name: Say\n    type: command\n    command: |\n      ${hostile}\n`;

const runSchema = z.object({
  status: z.enum(runStatuses),
  logs: z.enum(["events", "pages", "deleted"]),
});

async function untilPacked(api: ApiClient, projectId: string, number: number): Promise<void> {
  await expect
    .poll(() => api.query("runs.get", { projectId, number }, runSchema), { timeout: 60_000 })
    .toEqual({ status: "succeeded", logs: "pages" });
}

test("an ended run: found by a word of its log, shown harmless, looked at from every side, compared", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, {
    name: "Words",
    files: { "README.md": "# Words\n", [path]: workflow },
  });
  const base = `/${project.orgSlug}/${project.slug}`;
  const one = await startRun(api, project.id, path);
  const two = await startRun(api, project.id, path);
  await untilPacked(api, project.id, one.number);
  await untilPacked(api, project.id, two.number);
  await signInAsOwner(page);

  await page.goto(`${base}/logs?q=needle`);
  await page.getByRole("link", { name: `#${one.number}` }).click();
  const log = page.getByRole("region", { name: "Log lines" });
  await expect(log.getByText("a‹U+202E›b needle")).toBeVisible();
  await expect(log.getByText("click <img src=x onerror=window.hit=1>")).toBeVisible();
  expect(await log.locator("img").count()).toBe(0);
  expect(await log.locator("a:not([href^='#L'])").count()).toBe(0);
  expect(await page.evaluate(() => "hit" in window)).toBe(false);
  await page.getByRole("searchbox", { name: "Search the log" }).fill("NEEDLE");
  await expect(page.getByText("1 of 1")).toBeVisible();

  await page.getByRole("tab", { name: "Graph" }).click();
  await page
    .getByRole("list", { name: "Steps of the run" })
    .getByRole("button", { name: /^First/ })
    .focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/step=say/);
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("table").getByRole("img", { name: /^Attempt 1, ran/ })).toHaveCount(2);
  await expectNoViolations(page);
  await page.getByRole("tab", { name: "Events" }).click();
  await page.getByRole("button", { name: /run\.finished/ }).click();
  await expect(page.getByText('"type": "run.finished"')).toBeVisible();
  await expectNoViolations(page);

  await page.goto(`${base}/runs?status=succeeded`);
  for (const { number } of [one, two])
    await page.getByRole("checkbox", { name: `Choose run ${number} to compare` }).check();
  await expectNoViolations(page);
  await page.getByRole("button", { name: "Compare" }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${two.number}/compare\\?with=${one.number}$`));
  await expect(page.getByText("The same commit.")).toBeVisible();
  await page.getByRole("listitem").filter({ hasText: "Say" }).getByRole("button", { name: "Logs" }).click();
  await expect(page.getByText("The logs say the same, but for times and the like.")).toBeVisible();
  await expectNoViolations(page);
});
