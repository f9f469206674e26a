import type { Page } from "@playwright/test";
import { apiAsOwner, createProject } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "workflow-editor" });

const path = ".coder/workflows/ci.yaml";
const yaml = `# Builds and tests.
name: CI
triggers:
  - { type: manual }
  - { type: cron, cron: "0 9 * * 1-5", timezone: America/Chicago }

steps:
  # Everything starts here.
  - step_id: install
    type: command   # npm reads the lock file
    command: npm ci

  - { step_id: test, type: command, command: 'npm test' } # fast
`;

const editor = (page: Page) => page.getByRole("textbox", { name: `Editor of ${path}` });
const box = (page: Page, name: RegExp) =>
  page.getByRole("list", { name: "Triggers and steps of the workflow" }).getByRole("button", { name });

/** The whole text of the editor: of a short file every line is drawn. */
async function textOf(page: Page): Promise<string> {
  const lines = await editor(page).locator(".cm-line").allTextContents();
  return lines.join("\n");
}

/** Pixels that the page is wider than the window. */
async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

test("a workflow is edited as a graph and as YAML, survives a reload, and is saved as a change", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, { name: "Edited", files: { [path]: yaml } });
  const address = `/${project.orgSlug}/${project.slug}/workflows/ci.yaml`;
  await signInAsOwner(page, address);

  await test.step("the builder changes the lines that it concerns", async () => {
    await box(page, /^npm test/).focus();
    await page.keyboard.press("Enter");
    const command = page.getByRole("textbox", { name: "command", exact: true });
    await command.fill("npm run test:all");
    await command.blur();
    await expect.poll(() => textOf(page)).toBe(yaml.replace("'npm test'", "'npm run test:all'"));
    await page.getByRole("button", { name: "Move up" }).click();
    await expect
      .poll(() => textOf(page))
      .toContain("# fast\n\n  # Everything starts here.\n  - step_id: install");
  });

  await test.step("one undo history: by keys on the graph, back to every byte", async () => {
    await box(page, /^npm run test:all/).focus();
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+z");
    await expect.poll(() => textOf(page)).toBe(yaml);
    await box(page, /^npm ci/).focus();
    await page.keyboard.press("Delete");
    await expect(box(page, /^npm ci/)).toHaveCount(0);
    const offer = page.getByRole("button", { name: "Undo", exact: true });
    await expect(offer).toBeVisible();
    await box(page, /^npm test/).focus();
    await page.keyboard.press("Control+z");
    await expect.poll(() => textOf(page)).toBe(yaml);
    await expect(offer).toHaveCount(0);
  });

  await test.step("a box is dragged onto another one, and comes after it", async () => {
    await box(page, /^npm ci/).dragTo(box(page, /^npm test/));
    await expect.poll(() => textOf(page)).toMatch(/step_id: test[^]*step_id: install/);
    await page.keyboard.press("Control+z");
    await expect.poll(() => textOf(page)).toBe(yaml);
  });

  await test.step("the graph is panned and zoomed by keys", async () => {
    const boxWidth = async () => (await box(page, /^npm ci/).boundingBox())?.width ?? 0;
    await box(page, /^npm ci/).focus();
    const fitted = await boxWidth();
    await page.keyboard.press("+");
    await expect.poll(boxWidth).toBeGreaterThan(fitted);
    for (let count = 0; count < 8; count += 1) await page.keyboard.press("+");
    const graph = page.locator("[data-graph] .overflow-auto");
    const place = () => graph.evaluate((element) => [element.scrollLeft, element.scrollTop]);
    const before = await place();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowDown");
    await expect.poll(place).not.toEqual(before);
    await page.keyboard.press("0");
    await expect.poll(boxWidth).toBe(fitted);
  });

  await test.step("typing changes the graph; completion, the linter and its correction", async () => {
    await editor(page).press("Control+End");
    await page.keyboard.type("  - step_id: ship\n");
    // The editor has indented the line.
    await page.keyboard.type("type: dep");
    await page.keyboard.press("Control+Space");
    await page.getByRole("option", { name: "deploy" }).click();
    await page.keyboard.type("\ntarget: previw");
    const problems = page.getByRole("list", { name: "Problems" });
    await expect(problems).toContainText('did you mean "preview"?');
    await expect(box(page, /ship · /)).toBeVisible();
    await problems.getByRole("button", { name: "Change to preview" }).click();
    await expect(problems).toHaveCount(0);
    await expect(box(page, /^Deploy a preview/)).toBeVisible();
  });

  await test.step("a key's description on hover", async () => {
    await editor(page).getByText("timezone").hover();
    await expect(page.locator(".cm-key-description")).toContainText("IANA name, such as America/Chicago.");
    await page.mouse.move(0, 0);
    await expect(page.locator(".cm-key-description")).toHaveCount(0);
  });

  await test.step("a trigger's form writes its lines, says what is wrong at the field, and follows the text", async () => {
    await box(page, /^At 09:00/).click();
    const form = page.getByRole("form", { name: "Trigger 2" });
    await expect(form.getByRole("region", { name: "What the schedule means" })).toContainText(
      "Next, America/Chicago time:",
    );
    const zone = form.getByRole("combobox", { name: "timezone" });
    await zone.fill("Europe/Berln");
    await zone.press("Enter");
    await expect(form.getByText('did you mean "Europe/Berlin"?')).toBeVisible();
    await zone.fill("Europe/Berlin");
    await zone.press("Enter");
    await expect.poll(() => textOf(page)).toContain('cron: "0 9 * * 1-5", timezone: Europe/Berlin }\n');
    await form.getByRole("button", { name: "Close the form" }).focus();
    await page.keyboard.press("Escape");
    await expect(form).toHaveCount(0);
    await page.getByRole("button", { name: "Add a trigger" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Repository event" }).press("Enter");
    const event = page.getByRole("form", { name: "Trigger 3" });
    const branches = event.getByRole("textbox", { name: "branches" });
    await branches.fill("release/*");
    await branches.press("Enter");
    await event.getByText("allow_bots", { exact: true }).click();
    await expect
      .poll(() => textOf(page))
      .toContain(
        "  - { type: repo_event, event: push, branches: [release/*], actors: { allow_bots: true } }\n",
      );
    await event.getByRole("button", { name: "Delete", exact: true }).click();
    await expect(box(page, /^On a push/)).toHaveCount(0);
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await expect(box(page, /^On a push to release/)).toBeVisible();
  });

  await test.step("inputs and policies have forms too", async () => {
    await page.getByRole("button", { name: "Settings", exact: true }).click();
    const settings = page.getByRole("form", { name: "Settings of the workflow" });
    const domains = settings.getByRole("combobox", { name: "allowed_domains" });
    await domains.fill("https://x.org/");
    await domains.press("Enter");
    await expect(settings.getByText("no scheme, no path")).toBeVisible();
    await settings.getByRole("button", { name: "Remove https://x.org/" }).click();
    await domains.fill("registry");
    await domains.press("Enter");
    await settings.getByRole("textbox", { name: "max_credits" }).fill("25");
    await settings.getByRole("button", { name: "Input", exact: true }).click();
    await page.keyboard.type("channel");
    await page.keyboard.press("Enter");
    await expect.poll(() => textOf(page)).toContain("inputs:\n  channel: { type: string }\n");
    await expect
      .poll(() => textOf(page))
      .toContain("policies:\n  budget: { max_credits: 25 }\n  network: { allowed_domains: [registry] }\n");
    await expect(page.getByRole("list", { name: "Problems" })).toHaveCount(0);
  });

  await test.step("edits survive a reload", async () => {
    const before = await textOf(page);
    await page.reload();
    await expect(page.getByText("Edits that were not saved are back.")).toBeVisible();
    await expect.poll(() => textOf(page)).toBe(before);
  });

  await test.step("triggers and policies in words", async () => {
    await page.getByRole("button", { name: "About" }).click();
    await expect(page.getByText("At 09:00, Monday through Friday, Europe/Berlin time")).toBeVisible();
    await expect(page.getByText("may reach: registry")).toBeVisible();
    await page.getByRole("button", { name: "Graph", exact: true }).click();
  });

  await test.step("wide and narrow, in both themes: axe finds nothing, nothing overflows", async () => {
    await box(page, /^At 09:00/).click();
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        for (const view of ["Graph", "Settings"]) {
          await page.getByRole("button", { name: view, exact: true }).click();
          await expectNoViolations(page);
          expect.soft(await overflowOf(page), `pixels that ${view} is wider than ${width}`).toBe(0);
        }
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  await test.step("it is saved as a change, although the default branch has moved", async () => {
    await commit(stack.url, api.accessToken, {
      project: project.id,
      path: "README.md",
      content: "# Edited\n",
    });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Open a change" }).click();
    await page.waitForURL("**/changes/1");
    await expect(page.getByText("target: preview")).toBeVisible();
  });
});

test("a new workflow starts from a template that fits the project, by keys, and is saved", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const manifest = JSON.stringify({ scripts: { test: "node --test" } });
  const project = await createProject(api, {
    name: "Started",
    files: { "package.json": manifest, "yarn.lock": "", [path]: yaml },
  });
  const base = `/${project.orgSlug}/${project.slug}`;
  await signInAsOwner(page, `${base}/workflows/new`);
  const unfit = page.getByRole("list", { name: "Templates that do not fit" });
  await expect(unfit.getByText("The project has no command that raises vulnerable")).toBeVisible();
  await expect(page.getByRole("link", { name: "Review bot" })).toBeVisible();
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await expectNoViolations(page);
    expect.soft(await overflowOf(page), `pixels that the page is wider than ${width}`).toBe(0);
  }
  await page.getByRole("link", { name: "Checks on every change" }).focus();
  await page.keyboard.press("Enter");
  // The repository has a ci.yaml already.
  const draft = page.getByRole("textbox", { name: "Editor of .coder/workflows/ci-2.yaml" });
  await expect(draft).toContainText("corepack yarn run test");
  await expect(box(page, /^Run tests/)).toBeVisible();
  await saveToMain(page);
  await page.waitForURL(`**${base}/workflows/ci-2.yaml`);
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();

  await test.step("somebody changed the file meanwhile: the difference is shown, the edits are kept on top", async () => {
    const saved = page.getByRole("textbox", { name: "Editor of .coder/workflows/ci-2.yaml" });
    await saved.press("Control+Home");
    await page.keyboard.type("# Mine.\n");
    const theirs = { path: ".coder/workflows/ci-2.yaml", content: yaml.replace("Builds", "Theirs builds") };
    await commit(stack.url, api.accessToken, { project: project.id, ...theirs });
    await saveToMain(page);
    const moved = page.getByRole("dialog", { name: "Somebody changed this file" });
    await expect(moved).toContainText("Theirs builds and tests.");
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await expectNoViolations(page);
    }
    await moved.getByRole("button", { name: "Keep mine on top" }).click();
    await expect(saved).toContainText("# Mine.");
    await saveToMain(page);
    await expect(page.getByText("Committed to main.").last()).toBeVisible();
    await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();
  });
});

test("files that would freeze a page are opened, with what is wrong", async ({ page, stack }) => {
  const layers = Array.from({ length: 12 }, (_, index) => {
    const item = index === 0 ? "x" : `*k${index - 1}`;
    return `k${index}: &k${index} [${Array(9).fill(item).join()}]\n`;
  });
  const hostile = [
    { path: ".coder/workflows/bomb.yaml", text: layers.join(""), problem: "aliases multiply the file" },
    {
      path: ".coder/workflows/huge.yaml",
      text: "# all\n".repeat(200_000),
      problem: "the file is larger than 1 MB",
    },
  ];
  const files = Object.fromEntries(hostile.map((file) => [file.path, file.text]));
  const project = await createProject(await apiAsOwner(stack), { name: "Hostile", files });
  await signInAsOwner(page, `/${project.orgSlug}/${project.slug}/workflows`);
  for (const { path: file, problem } of hostile) {
    await page.goto(`/${project.orgSlug}/${project.slug}/workflows/${file.split("/").at(-1)}`);
    await expect(page.getByRole("list", { name: "Problems" })).toContainText(problem);
    // It still answers: a key that is typed is in the text.
    await page.getByRole("textbox", { name: `Editor of ${file}` }).press("Control+Home");
    await page.keyboard.type("# mine ");
    await expect(page.getByText("# mine")).toBeVisible();
  }
});

/** Commits what is edited straight to main. */
async function saveToMain(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: /A change to look at first/ }).click();
  await page.getByRole("option", { name: "Straight to main" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Commit to main" }).click();
}

interface Refs {
  refs: { name: string; commit: string }[];
}

/** Commits one file to main, as somebody else would. */
async function commit(
  url: string,
  token: string,
  on: { project: string; path: string; content: string },
): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const base = `${url}/forge/v1/${on.project}`;
  const { refs } = (await (await fetch(`${base}/refs`, { headers })).json()) as Refs;
  const expectedHead = refs.find((ref) => ref.name === "refs/heads/main" || ref.name === "main")?.commit;
  const files = [{ path: on.path, content: on.content, encoding: "utf8" }];
  const body = JSON.stringify({ branch: "main", expectedHead, message: `Edit ${on.path}`, files });
  const answer = await fetch(`${base}/commit`, { method: "POST", headers, body });
  expect(answer.status, await answer.text()).toBe(200);
}
