import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { apiAsOwner, createProject } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "git" });

const run = promisify(execFile);

test("clone, push a branch, and merge it as a change, with the real git client", async ({ page, stack }) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, { name: "Notes", files: { "notes.md": "first\n" } });
  const base = `/${project.orgSlug}/${project.slug}`;
  const directory = await mkdtemp(join(tmpdir(), "coder-e2e-clone-"));
  // Only what is given here: no configuration, credentials or prompts of the machine.
  const env = {
    PATH: process.env["PATH"],
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
  };
  const git = async (...args: string[]): Promise<string> =>
    (await run("git", args, { cwd: join(directory, "clone"), env })).stdout;
  try {
    await signInAsOwner(page, `${base}/settings`);
    await page.getByRole("textbox", { name: "New token for" }).fill("My laptop");
    await page.getByRole("button", { name: "Make token" }).click();
    await expect(page.getByText("Copy the token now. It is not shown again.")).toBeVisible();
    await expectNoViolations(page);
    const command = await page.getByText(/^git clone http:\/\/git:/).innerText();
    const address = command.replace(/^git clone /, "");

    await run("git", ["clone", "-q", address, "clone"], { cwd: directory, env });
    expect(await readFile(join(directory, "clone/notes.md"), "utf8")).toBe("first\n");
    await git("checkout", "-qb", "second-thoughts");
    await writeFile(join(directory, "clone/notes.md"), "first\nsecond\n");
    const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    await git(...author, "commit", "-qam", "Second thoughts");
    await git("push", "-q", "origin", "second-thoughts");

    await api.mutate(
      "changes.open",
      { projectId: project.id, title: "Second thoughts", body: "", head: "second-thoughts" },
      z.object({ number: z.number() }),
    );
    await page.goto(`${base}/changes`);
    await page.getByRole("link", { name: /Second thoughts/ }).click();
    await page.waitForURL(`**${base}/changes/1`);
    await expect(page.getByText("notes.md").first()).toBeVisible();
    await page.getByRole("button", { name: "Merge" }).click();
    await expect(page.getByText("Change #1 is merged into main.")).toBeVisible();

    await git("checkout", "-q", "main");
    await git("pull", "-q");
    expect(await readFile(join(directory, "clone/notes.md"), "utf8")).toBe("first\nsecond\n");

    await page.goto(`${base}/settings`);
    await page.getByRole("button", { name: "Revoke My laptop" }).click();
    await expect(page.getByText("My laptop is revoked.")).toBeVisible();
    await expect(git("fetch", "-q")).rejects.toThrow(/fatal:/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
