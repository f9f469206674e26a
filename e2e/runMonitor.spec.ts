import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { emptyRunView, reduceRun, stepOf } from "../shared/run/reduceRun.ts";
import { emptyLog, logLines } from "../shared/run/stepLog.ts";
import {
  allEvents,
  apiAsOwner,
  createProject,
  startRun,
  type ApiClient,
  type ProjectRef,
} from "./fixtures/apiClient.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "runMonitor" });

const lines = 400;
const countPath = ".coder/workflows/count.yaml";
const sleepPath = ".coder/workflows/sleep.yaml";
const workflow = (name: string, command: string): string =>
  `version: 1\nname: ${name}\ntriggers: [{ type: manual }]\nsteps:\n  - { step_id: work, name: Work, type: command, command: '${command}' }\n`;

/** A project with a workflow that prints numbered lines for some twenty seconds, and one that only ends when it is ended. */
async function makeProject(api: ApiClient): Promise<ProjectRef> {
  return createProject(api, {
    name: "Counter",
    files: {
      "README.md": "# Counter\n",
      [countPath]: workflow("Count", `for i in $(seq 1 ${lines}); do echo "line $i"; sleep 0.05; done`),
      [sleepPath]: workflow("Sleep", "echo asleep; sleep 600"),
    },
  });
}

/** What the page holds of the step's log, to the last line: its own download. */
async function logOfPage(page: Page): Promise<string[]> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the log" }).click(),
  ]);
  const text = await readFile(await download.path(), "utf8");
  return text.trimEnd().split("\n");
}

async function logOfServer(api: ApiClient, runId: string): Promise<string[]> {
  const events = await allEvents(api, runId);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  const view = events.reduce(reduceRun, emptyRunView(runId));
  return [...logLines(stepOf(view, "work")?.log ?? emptyLog)].map((line) => line.text);
}

test("reload, two tabs, offline and back: no line is lost, none is doubled", async ({
  page,
  stack,
  context,
}) => {
  const api = await apiAsOwner(stack);
  const project = await makeProject(api);
  await signInAsOwner(page);
  const run = await startRun(api, project.id, countPath);
  const path = `/${project.orgSlug}/${project.slug}/runs/${run.number}`;
  await page.goto(path);
  const line = (of: Page, number: number) =>
    of.getByRole("region", { name: "Log lines" }).getByText(`line ${number}`, { exact: true });
  await expect(line(page, 5)).toBeVisible({ timeout: 30_000 });
  await page.reload();
  const second = await context.newPage();
  await second.goto(path);
  await expect(second.getByText("Running").first()).toBeVisible();

  await context.setOffline(true);
  await expect(page.getByText("Not connected. The run goes on; this page catches up.")).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText("Not connected.")).toHaveCount(0);

  const expected = Array.from({ length: lines }, (_, index) => `line ${index + 1}`);
  for (const each of [page, second]) {
    await expect(each.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 90_000 });
    await expect(each.getByText("Succeeded").first()).toBeVisible();
    const shown = await logOfPage(each);
    expect(shown).toEqual(await logOfServer(api, run.id));
    expect(shown.filter((text) => text.startsWith("line "))).toEqual(expected);
  }
});

test("cancel ends a run, and it can be run again", async ({ page, stack }) => {
  const api = await apiAsOwner(stack);
  const project = await makeProject(api);
  await signInAsOwner(page);
  const run = await startRun(api, project.id, sleepPath);
  const path = `/${project.orgSlug}/${project.slug}/runs`;
  await page.goto(`${path}/${run.number}`);
  await expect(page.getByRole("region", { name: "Log lines" })).toContainText("asleep");
  await page.getByRole("button", { name: "Cancel run" }).click();
  await expect(page.getByText("Canceled", { exact: true }).first()).toBeVisible();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.waitForURL(`**${path}/${run.number + 1}`);
  await expect(page.getByRole("region", { name: "Log lines" })).toContainText("asleep");
  await page.getByRole("button", { name: "Cancel run" }).click();
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible();
  await page.goto(path);
  await expect(page.getByRole("link", { name: /Sleep/ })).toHaveCount(2);
});
