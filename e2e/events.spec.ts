import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { apiAsOwner, createProject } from "./fixtures/apiClient.ts";
import { expectNoViolations } from "./fixtures/expectNoViolations.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "events" });

const step = 'steps: [{ type: command, command: "true" }]\n';
const files = {
  "notes.md": "first\n",
  ".coder/workflows/alert.yaml": `name: Alert\ntriggers: [{ type: webhook, name: alert, secret_ref: ALERT_SECRET, if: event.body.severity == "high" }]\n${step}`,
  ".coder/workflows/docs.yaml": `name: Docs\ntriggers: [{ type: repo_event, event: push, branches: [main], paths: ["*.md"] }]\n${step}`,
  ".coder/workflows/nightly.yaml": `name: Nightly\ntriggers: [{ type: cron, cron: "30 2 * * 1-5", timezone: Europe/Berlin }]\n${step}`,
  ".coder/workflows/broken.yaml": "name: Broken\nsteps: []\n",
};

test("a webhook and a push start what waits for them, the others say why not, and both can be explained and sent again", async ({
  page,
  stack,
}) => {
  const api = await apiAsOwner(stack);
  const project = await createProject(api, { name: "Events", files });
  const base = `/${project.orgSlug}/${project.slug}`;
  await signInAsOwner(page, `${base}/events`);
  await expect(page.getByText("No events yet")).toBeVisible();
  await expectNoViolations(page);

  const secret = "the signing secret of this test";
  const scope = { kind: "project", projectId: project.id };
  await api.mutate("secrets.set", { scope, name: "ALERT_SECRET", value: secret }, z.unknown());
  // A worker reads the files by itself; the page shows what they wait for.
  await expect(async () => {
    await page.reload();
    await expect(page.getByText("At 02:30, Monday through Friday")).toBeVisible({ timeout: 2000 });
  }).toPass();
  const address = await page.getByRole("group", { name: "address of alert" }).innerText();

  const body = JSON.stringify({ severity: "high" });
  const now = new Date();
  const signature = new Webhook(new TextEncoder().encode(secret), { format: "raw" }).sign("msg_1", now, body);
  const headers = {
    "content-type": "application/json",
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": signature,
  };
  const send = (text: string) => fetch(address, { method: "POST", headers, body: text });
  expect((await send(`${body} `)).status).toBe(401);
  expect((await send(body)).status).toBe(200);
  const events = page.getByRole("list", { name: "Events" });
  await expect(events.getByText("Started #1, 1 file has errors")).toBeVisible();

  await events.getByRole("button", { name: "alert" }).click();
  const sheet = page.getByRole("dialog", { name: "alert" });
  await expect(sheet.getByRole("link", { name: "Started run #1" })).toBeVisible();
  await expect(sheet.getByText("triggers[0].type: waits for a repository event")).toBeVisible();
  await expect(sheet.getByRole("region", { name: "Payload" })).toContainText('"severity": "high"');
  await expectNoViolations(page);
  await sheet.getByRole("button", { name: "Send again" }).click();
  await expect(sheet.getByRole("link", { name: "Started run #2" })).toBeVisible();
  await sheet.getByRole("button", { name: "Close" }).click();
  await expect(events.getByRole("button", { name: "alert" })).toHaveCount(2);

  const commit = await fetch(`${stack.url}/forge/v1/${project.id}/commit`, {
    method: "POST",
    headers: { authorization: `Bearer ${api.accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({
      branch: "main",
      message: "More",
      files: [{ path: "notes.md", content: "second\n" }],
    }),
  });
  expect(commit.status).toBe(200);
  const push = events.getByRole("listitem").filter({ has: page.getByRole("button", { name: "push" }) });
  await expect(push.getByText("Started #3, 1 file has errors")).toBeVisible();

  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "Explain an event" }).click();
  const explain = page.getByRole("dialog", { name: "Explain an event" });
  await expect(explain.getByRole("textbox", { name: "Event" })).toHaveValue(/"event": "push"/);
  await explain.getByRole("button", { name: "Explain" }).click();
  const answer = explain.getByRole("list", { name: "Answer by workflow" });
  await expect(answer.getByText('triggers[0].paths: "*.md" does not match "src/App.tsx"')).toBeVisible();
  await expect(answer.getByText("Has errors")).toBeVisible();
  await expectNoViolations(page);
  await explain.getByRole("textbox", { name: "Event" }).fill("{");
  await explain.getByRole("button", { name: "Explain" }).click();
  await expect(explain.getByText("This is not JSON")).toBeVisible();
});
