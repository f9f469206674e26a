import { chromium, type BrowserContext, type Page } from "@playwright/test";
import postgres from "postgres";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { startTestStack } from "../supabase/local/testing.ts";
import { seedEndedRun, untilPacked } from "./endedRun.ts";
import { repeat, type Measurement } from "./measure.ts";
import { makeProject, signInAsOwner } from "./owner.ts";

const lines = 200_000;
const scrollMs = 2000;

/** The run page of an ended run with a log of 200,000 lines: until it can be read, and how smoothly it scrolls. */
export async function runLog(): Promise<Measurement[]> {
  const stack = await startTestStack();
  const sql = postgres(await stack.databaseUrl(), { max: 2, onnotice: () => undefined });
  const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
  try {
    const owner = await signInAsOwner(stack.url);
    const project = await makeProject(owner, { "index.html": "<h1>Bench</h1>" });
    const run = await seedEndedRun(sql, { orgId: owner.orgId, projectId: project.id }, lines);
    const packing = await untilPacked(sql, run.id);
    const short = await seedEndedRun(sql, { orgId: owner.orgId, projectId: project.id }, 10);
    await untilPacked(sql, short.id);
    const context = await signedInContext(
      browser.newContext({ baseURL: stack.url, viewport: { width: 1440, height: 900 } }),
    );
    const path = `${project.path}/runs/${run.number}`;
    const opening: number[] = [];
    const openingShort: number[] = [];
    // In turn, so that both see the same machine.
    await repeat(7, async (index) => {
      const shortMs = await opened(context, `${project.path}/runs/${short.number}?step=test`, 2);
      const ms = await opened(context, `${path}?step=test`, 2);
      if (index >= 0) {
        openingShort.push(shortMs);
        opening.push(ms);
      }
      return ms;
    });
    const fromList = await repeat(7, () => clicked(context, project.path, run.number));
    const atTheEnd = await repeat(7, () => opened(context, `${path}?step=test#L${lines - 1}`, lines - 1));
    const page = await context.newPage();
    await page.goto(`${path}?step=test`);
    await lineShown(page, 1);
    const steady = await frames(page, 40);
    const fast = await frames(page, 400);
    const found = await repeat(5, () => search(page, path));
    return [
      {
        name: "open a run's page with 200,000 lines as a new page, browser cache warm",
        unit: "ms",
        samples: opening,
        target: 500,
        reference: { name: "a log of 10 lines", samples: openingShort },
      },
      { name: "open it from the list of runs", unit: "ms", samples: fromList, target: 500 },
      { name: "open it at line 199,999", unit: "ms", samples: atTheEnd, target: 500 },
      { name: "frame while scrolling 2 lines a frame", unit: "ms", samples: steady, target: 17 },
      {
        name: "frame while scrolling 20 lines a frame (1,200 a second), pages fetched on the way",
        unit: "ms",
        samples: fast,
        target: 17,
      },
      { name: "search in it, from the last letter to the count", unit: "ms", samples: found },
      { name: "packing of its log by the worker, after the run's end", unit: "ms", samples: [packing] },
    ];
  } finally {
    await browser.close();
    await sql.end();
    await stack.stop();
  }
}

async function signedInContext(made: Promise<BrowserContext>): Promise<BrowserContext> {
  const context = await made;
  const page = await context.newPage();
  await page.goto("/signin?next=/inbox");
  await page.getByRole("button", { name: "Continue as the owner of this machine" }).click();
  await page.waitForURL((url) => url.pathname === "/inbox");
  await page.close();
  return context;
}

/** Waits until a line is on the screen with its text; answers milliseconds since the page was asked for. */
async function lineShown(page: Page, line: number): Promise<number> {
  return page.evaluate(
    (number) =>
      new Promise<number>((resolve) => {
        const look = () => {
          const text = document.querySelector(`#L${number} + *`)?.textContent ?? "";
          // The frame in which it is found is painted when the next one begins.
          if (text.length > 3) requestAnimationFrame(() => resolve(performance.now()));
          else requestAnimationFrame(look);
        };
        look();
      }),
    line,
  );
}

async function opened(context: BrowserContext, path: string, line: number): Promise<number> {
  const page = await context.newPage();
  try {
    await page.goto(path, { waitUntil: "commit" });
    return await lineShown(page, line);
  } finally {
    await page.close();
  }
}

/** From the press on the run's row to its lines. */
async function clicked(context: BrowserContext, project: string, number: number): Promise<number> {
  const page = await context.newPage();
  try {
    await page.goto(`${project}/runs`);
    await page.getByRole("link", { name: `#${number}` }).waitFor();
    return await page.evaluate(
      (href) =>
        new Promise<number>((resolve) => {
          const startedAt = performance.now();
          document.querySelector<HTMLAnchorElement>(`a[href="${href}"]`)?.click();
          const look = () => {
            const text = document.querySelector("#L2 + *")?.textContent ?? "";
            if (text.length > 3) requestAnimationFrame(() => resolve(performance.now() - startedAt));
            else requestAnimationFrame(look);
          };
          look();
        }),
      `${project}/runs/${number}`,
    );
  } finally {
    await page.close();
  }
}

/** Milliseconds of each frame while the log is scrolled by so many pixels a frame. */
async function frames(page: Page, pixels: number): Promise<number[]> {
  return page.evaluate(
    ({ step, forMs }) =>
      new Promise<number[]>((resolve) => {
        const list = document.querySelector("[aria-label='Log lines']");
        if (list === null) throw new Error("There is no log");
        list.scrollTop = 0;
        const took: number[] = [];
        const startedAt = performance.now();
        let before = startedAt;
        const frame = (now: number) => {
          took.push(now - before);
          before = now;
          list.scrollTop += step;
          if (now - startedAt < forMs) requestAnimationFrame(frame);
          else resolve(took.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    { step: pixels, forMs: scrollMs },
  );
}

async function search(page: Page, path: string): Promise<number> {
  await page.goto(`${path}?step=test`);
  await lineShown(page, 1);
  const field = page.getByRole("searchbox", { name: "Search the log" });
  await field.fill("");
  const startedAt = performance.now();
  await field.fill("rounds half");
  await page.getByText(/of 20\d$/).waitFor();
  return performance.now() - startedAt;
}
