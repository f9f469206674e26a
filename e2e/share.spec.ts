import { expect, test } from "@playwright/test";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { signInAsOwner } from "./fixtures/test.ts";
import { freePort, startStack } from "./fixtures/stack.ts";

test("a share link needs no account, outlives a restart, and is dead once revoked", async ({ browser }) => {
  // A stack of its own, because it is stopped and started again on the same port and data.
  const port = await freePort();
  let stack = await startStack({ port });
  try {
    const owner = await (await browser.newContext({ baseURL: stack.url })).newPage();
    const visitor = await (await browser.newContext()).newPage();
    await signInAsOwner(owner);
    await owner.getByRole("button", { name: /Corner bakery/ }).click();
    await owner.waitForURL(/\/owner\/corner-bakery/);
    const preview = owner.frameLocator("iframe[title='Preview of the project']");
    await expect(preview.getByRole("heading", { level: 1 })).toBeVisible({ timeout: 60_000 });
    const heading = await preview.getByRole("heading", { level: 1 }).innerText();
    await owner.getByRole("button", { name: "Share" }).click();
    await owner.getByRole("button", { name: "Create a link" }).click();
    const open = owner.getByRole("link", { name: "Open", exact: true });
    await expect(open).toBeVisible({ timeout: 60_000 });
    await expectNoViolations(owner);
    const link = (await open.getAttribute("href")) ?? "";
    await visitor.goto(link);
    await expect(visitor.getByRole("heading", { level: 1 })).toHaveText(heading);

    await stack.stop();
    stack = await startStack({ port, dataDir: stack.dataDir });
    await visitor.reload();
    await expect(visitor.getByRole("heading", { level: 1 })).toHaveText(heading);

    await owner.goto("/owner/corner-bakery/settings");
    await owner.getByRole("button", { name: /^Take back / }).click();
    await expect(owner.getByText("is gone for everyone who has the link.")).toBeVisible();
    const dead = await visitor.goto(link);
    expect(dead?.status()).toBe(410);
    await expect(visitor.getByRole("heading", { name: heading })).toHaveCount(0);
  } finally {
    await stack.stop();
    await stack.remove();
  }
});
