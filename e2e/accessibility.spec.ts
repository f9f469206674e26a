import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { z } from "zod";
import {
  apiAsOwner,
  createProject,
  runEnded,
  startRun,
  type ApiClient,
  type ProjectRef,
} from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import type { Stack } from "./fixtures/stack.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "accessibility" });
// Eighty pages, each looked at by axe.
test.setTimeout(900_000);

const workflowPath = ".coder/workflows/hello.yaml";

/** A project that has something on every page: a run, an open change, a waiting approval. */
async function makeProject(api: ApiClient, stack: Stack): Promise<ProjectRef> {
  const project = await createProject(api, {
    name: "Every page",
    files: {
      "index.html": '<!doctype html><html lang="en"><title>Hello</title><h1>Hello</h1></html>\n',
      [workflowPath]:
        "version: 1\nname: Hello\ntriggers: [{ type: manual }]\nsteps:\n  - { step_id: hello, name: Hello, type: command, command: echo hello }\n",
      ".coder/workflows/ask.yaml":
        "version: 1\nname: Ask\ntriggers: [{ type: manual }]\npolicies: { gates: { self_approval: true } }\nsteps:\n  - { step_id: ask, name: Ask, type: approve, reason: Shall it go on? }\n",
    },
  });
  const committed = await fetch(`${stack.url}/forge/v1/${project.id}/commit`, {
    method: "POST",
    headers: { authorization: `Bearer ${api.accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({
      branch: "louder",
      base: "main",
      message: "Louder",
      files: [{ path: "index.html", content: "<h1>HELLO</h1>\n", encoding: "utf8" }],
    }),
  });
  expect(committed.status, await committed.text()).toBe(200);
  await api.mutate(
    "changes.open",
    { projectId: project.id, title: "Louder", body: "So that it is heard.", head: "louder" },
    z.object({ number: z.number() }),
  );
  await api.mutate(
    "issues.open",
    {
      id: randomUUID(),
      projectId: project.id,
      title: "It is too quiet",
      body: "- Nobody hears it.\n",
      labels: ["sound"],
    },
    z.object({ number: z.number() }),
  );
  const run = await startRun(api, project.id, workflowPath);
  await runEnded(api, { projectId: project.id, number: run.number });
  await startRun(api, project.id, ".coder/workflows/ask.yaml");
  return project;
}

interface Place {
  path: string;
  /** What is there once the page has loaded. */
  shows: (page: Page) => ReturnType<Page["getByText"]>;
}

function placesOf(project: ProjectRef): Place[] {
  const base = `/${project.orgSlug}/${project.slug}`;
  const text = (what: string | RegExp) => (page: Page) =>
    page.getByText(what).filter({ visible: true }).first();
  return [
    { path: "/", shows: text("Every page") },
    { path: "/inbox", shows: text("Shall it go on?") },
    { path: base, shows: text(/Running · ready/) },
    { path: `${base}/runs`, shows: text("Hello") },
    { path: `${base}/runs/1`, shows: text("Succeeded") },
    { path: `${base}/runs/2`, shows: (page) => page.getByRole("button", { name: "Approve" }) },
    { path: `${base}/workflows`, shows: text(workflowPath) },
    { path: `${base}/events`, shows: text("Webhooks") },
    { path: `${base}/changes`, shows: text("Louder") },
    { path: `${base}/changes/1`, shows: text("So that it is heard.") },
    { path: `${base}/issues`, shows: text("It is too quiet") },
    { path: `${base}/issues/2`, shows: text("Nobody hears it.") },
    { path: `${base}/settings`, shows: text("Delete the project") },
    { path: `${base}/what-if`, shows: (page) => page.getByRole("button", { name: "Try these policies" }) },
    { path: `/${project.orgSlug}/settings`, shows: text("New organisation") },
    { path: `/${project.orgSlug}/audit`, shows: text("member.add") },
    { path: "/settings/tokens", shows: text("No tokens yet.") },
    { path: "/nothing/is/at/this/address", shows: text("There is nothing at this address") },
  ];
}

test("every page at 1440 and 390 pixels, light and dark: axe finds nothing, nothing overflows", async ({
  page,
  stack,
}) => {
  const project = await makeProject(await apiAsOwner(stack), stack);
  await signInAsOwner(page);
  for (const place of placesOf(project)) {
    await page.goto(place.path);
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await test.step(`${place.path} at ${width}, ${colorScheme}`, async () => {
          await expect(place.shows(page)).toBeVisible({ timeout: 30_000 });
          await expectNoViolations(page);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect.soft(overflow, `pixels that ${place.path} is wider than ${width}`).toBe(0);
        });
      }
    }
  }
});

test("the sign-in page, and by keys alone: palette, key help, going to a page", async ({ page }) => {
  await page.goto("/signin");
  await expect(page.getByRole("button", { name: "Continue as the owner of this machine" })).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoViolations(page);
  await page.setViewportSize({ width: 1440, height: 900 });
  await signInAsOwner(page);
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectNoViolations(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: /keys/i })).toBeVisible();
  await expectNoViolations(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.waitForURL("**/inbox");
});
