import { randomUUID } from "node:crypto";
import { z } from "zod";
import { apiAsOwner, createProject } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "issues" });

test("an issue with comments and labels, and a change from a pushed branch that waits for its check", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, { name: "Notes", files: { "notes.md": "first\n" } });
  const base = `/${project.orgSlug}/${project.slug}`;
  const headers = { authorization: `Bearer ${api.accessToken}`, "content-type": "application/json" };
  const forge = async (action: string, body: object): Promise<unknown> => {
    const response = await fetch(`${stack.url}/forge/v1/${project.id}/${action}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return response.json();
  };

  await signInAsOwner(page, `${base}/issues`);
  await page.getByRole("button", { name: "New issue" }).first().click();
  await page.getByRole("textbox", { name: "Title" }).fill("Notes vanish");
  await page
    .getByRole("textbox", { name: "Text" })
    .fill("**Every** time:\n\n- open it\n- close it\n\n<img src=x onerror=\"document.title='owned'\">");
  await page.getByRole("textbox", { name: "Labels" }).fill("bug");
  await page.getByRole("button", { name: "Open issue" }).click();
  await page.waitForURL(`**${base}/issues/1`);
  await expect(page.getByRole("strong").filter({ hasText: "Every" })).toBeVisible();
  // Other people's HTML is text.
  await expect(page.getByText("<img src=x")).toBeVisible();
  expect(await page.title()).not.toContain("owned");
  await page.getByRole("combobox", { name: "Add a label" }).fill("urgent");
  await page.getByRole("button", { name: "Add the label" }).click();
  await expect(page.getByRole("button", { name: "Remove the label urgent" })).toBeVisible();
  await page.getByRole("textbox", { name: "Comment" }).fill("I saw it `twice`");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("article").getByText("twice")).toBeVisible();
  // Somebody else's comment appears by itself.
  await api.mutate(
    "issues.comment",
    { id: randomUUID(), projectId: project.id, number: 1, body: "From elsewhere" },
    z.object({ ok: z.boolean() }),
  );
  await expect(page.getByText("From elsewhere")).toBeVisible();
  await expectNoViolations(page);
  await page.getByRole("button", { name: "Close issue" }).click();
  await expect(page.getByRole("button", { name: "Reopen issue" })).toBeVisible();

  const { commit } = z.object({ commit: z.string() }).parse(
    await forge("commit", {
      branch: "second-thoughts",
      message: "Second thoughts\n\nMore.",
      files: [{ path: "notes.md", content: "first\nsecond\n" }],
    }),
  );
  await page.goto(`${base}/settings`);
  await page.getByRole("combobox", { name: "Name of the check" }).fill("Build");
  await page.getByRole("button", { name: "Require" }).click();
  await expect(page.getByRole("button", { name: "Stop requiring Build" })).toBeVisible();

  await page.goto(`${base}/changes`);
  await page.getByRole("button", { name: "New change" }).click();
  await expect(page.getByRole("textbox", { name: "Title" })).toHaveValue("Second thoughts");
  await page.getByRole("dialog").getByText("Draft", { exact: true }).click();
  await expectNoViolations(page);
  await page.getByRole("button", { name: "Open change" }).click();
  // Issues and changes are numbered together.
  await page.waitForURL(`**${base}/changes/2`);
  await page.getByRole("button", { name: "Mark as ready" }).click();
  await expect(page.getByRole("button", { name: "Merge" })).toBeDisabled();
  await expect(page.getByText("not reported yet")).toBeVisible();
  await forge("checks", {
    commit,
    name: "Build",
    status: "passed",
    source: "ci",
    url: "https://ci.example.com/1",
  });
  await expect(page.getByRole("link", { name: "ci" })).toBeVisible();
  await expectNoViolations(page);
  await page.getByRole("button", { name: "Merge" }).click();
  await expect(page.getByText("Change #2 is merged into main.")).toBeVisible();
});
