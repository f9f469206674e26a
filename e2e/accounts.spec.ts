import type { Page } from "@playwright/test";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { apiAsOwner, createProject } from "./fixtures/apiClient.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "accounts" });

async function signUp(page: Page, email: string): Promise<void> {
  await page.goto("/signin");
  await page.getByRole("button", { name: "Create one" }).click();
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("button", { name: `Account ${email}` })).toBeVisible();
}

async function signOut(page: Page, email: string): Promise<void> {
  await page.getByRole("button", { name: `Account ${email}` }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("button", { name: "Menu", exact: true })).toBeVisible();
}

test("sign up, sign out, and back in by a link from the caught mails", async ({ page, context }) => {
  const email = "ada@example.com";
  await signUp(page, email);
  await signOut(page, email);

  await page.goto("/signin");
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await page.getByRole("button", { name: "E-mail me a link instead" }).click();
  await expect(page.getByText(/A mail with a link is on its way/)).toBeVisible();
  await expectNoViolations(page);
  const [mails] = await Promise.all([
    context.waitForEvent("page"),
    page.getByRole("link", { name: "Mail is caught here" }).click(),
  ]);
  await mails
    .getByRole("row", { name: new RegExp(email) })
    .first()
    .getByRole("link")
    .click();
  await expectNoViolations(mails);
  await mails.getByRole("link", { name: /^http/ }).click();
  await expect(mails.getByRole("button", { name: `Account ${email}` })).toBeVisible();
  await expect(mails).toHaveURL("/");
});

test("a stranger sees no project of somebody else; a viewer sees it and cannot change it", async ({
  page,
  stack,
  newPerson,
}) => {
  const email = "grace@example.com";
  const api = await apiAsOwner(stack);
  const project = await createProject(api, {
    name: "Secret plan",
    files: { "index.html": "<!doctype html><title>Plan</title><h1>Secret plan</h1>\n" },
  });
  const path = `/${project.orgSlug}/${project.slug}`;
  const guest = await newPerson();
  await signUp(guest.page, email);
  await guest.page.goto(path);
  await expect(guest.page.getByText(/There is no project/)).toBeVisible();
  await expect(guest.page.getByText("Secret plan")).toHaveCount(0);
  await expectNoViolations(guest.page);

  await signInAsOwner(page, `/${project.orgSlug}/settings`);
  await page.getByRole("textbox", { name: "Add someone by the e-mail of their account" }).fill(email);
  await page.getByRole("button", { name: "Role: Member" }).click();
  await page.getByRole("option", { name: /^Viewer/ }).click();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("listitem").filter({ hasText: email })).toBeVisible();
  await expectNoViolations(page);

  await guest.page.goto(path);
  await expect(guest.page.getByRole("treeitem", { name: "index.html" })).toBeVisible();
  await expect(guest.page.getByRole("button", { name: "Operationalize" })).toHaveCount(0);
  await guest.page.getByRole("treeitem", { name: "index.html" }).click();
  await guest.page.getByRole("textbox", { name: "Editor of index.html" }).click();
  await guest.page.keyboard.type("mine now");
  await expect(guest.page.getByRole("textbox", { name: "Editor of index.html" })).not.toContainText(
    "mine now",
  );
  await guest.page.goto(`${path}/settings`);
  await expect(guest.page.getByText(/Clone and push with any git client/)).toBeVisible();
  await expect(guest.page.getByRole("button", { name: "Make token" })).toHaveCount(0);
  await expect(guest.page.getByRole("button", { name: /^Delete / })).toHaveCount(0);
});
