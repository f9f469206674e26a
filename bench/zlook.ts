import { chromium } from "@playwright/test";
import postgres from "postgres";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { startTestStack } from "../supabase/local/testing.ts";
import { seedEndedRun, untilPacked } from "./endedRun.ts";
import { makeProject, signInAsOwner } from "./owner.ts";
const stack = await startTestStack();
console.log("stack");
const sql = postgres(await stack.databaseUrl(), { max: 2, onnotice: () => undefined });
const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
try {
  const owner = await signInAsOwner(stack.url);
  const project = await makeProject(owner, { "index.html": "<h1>Bench</h1>" });
  const run = await seedEndedRun(sql, { orgId: owner.orgId, projectId: project.id }, 200_000);
  console.log("seeded");
  console.log("packed", await untilPacked(sql, run.id));
  const context = await browser.newContext({ baseURL: stack.url, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.on("console", (m) => console.log("C", m.type(), m.text().slice(0, 300)));
  page.on("pageerror", (e) => console.log("E", e.message.slice(0, 500)));
  await page.goto("/signin?next=/inbox");
  await page.getByRole("button", { name: "Continue as the owner of this machine" }).click();
  await page.waitForURL((url) => url.pathname === "/inbox");
  console.log("in");
  const t = Date.now();
  await page.goto(`${project.path}/runs/${run.number}?step=test`);
  await page.waitForTimeout(3000);
  console.log(Date.now() - t, await page.evaluate(() => document.querySelector("#L1 + *")?.textContent));
  for (const view of ["", "graph", "timeline", "artifacts", "events"]) {
    await page.goto(`${project.path}/runs/${run.number}?step=test&view=${view}`);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `/tmp/history/run-${view || "log"}.png` });
  }
} finally {
  await browser.close();
  await sql.end();
  await stack.stop();
}
