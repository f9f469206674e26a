import type { Browser } from "@playwright/test";
import type { FileMap } from "../web/runtimes/runtime.ts";
import type { RuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import { noteTexts, whenShown } from "./shownTexts.ts";

/** Milliseconds from files in memory to the text on the page. */
export interface RuntimePreviews {
  /** Nothing is there: the runtime, its compilers and all packages are fetched. */
  empty: number;
  /** The same browser's second visit, the runtime's start included. */
  seen: number;
  /** The third, to a runtime that was started before. */
  ahead: number;
}

/** What is kept for the next visit is written after the page is there, and a runtime that was started is at rest. */
const restMs = 1500;

/** Opens a project three times in a new browser context that has nothing but the runtime. */
export async function runtimePreviews(options: {
  server: RuntimeServer;
  browser: Browser;
  files: FileMap;
  shows: string;
}): Promise<RuntimePreviews> {
  const { server, browser, files, shows } = options;
  const context = await browser.newContext();
  await context.addInitScript(noteTexts);
  const visit = async (startsAhead: boolean): Promise<number> => {
    const page = await context.newPage();
    await page.goto(`${server.origin}/page.html`);
    if (startsAhead) {
      await page.evaluate(() => coder.boot({ projectId: "bench", persist: true }));
      await page.waitForTimeout(restMs);
    }
    const startedAt = await page.evaluate(
      async ([files, isStarted]) => {
        const at = performance.timeOrigin + performance.now();
        if (!isStarted) coder.boot({ projectId: "bench", persist: true });
        await coder.runtime.mount(files);
        coder.show();
        await coder.runtime.startPreview();
        return at;
      },
      [files, startsAhead] as const,
    );
    const { preview } = await page.evaluate(() => ({ preview: coder.runtime.preview }));
    if (preview.kind !== "ready") throw new Error(`The preview did not start: ${JSON.stringify(preview)}`);
    await page.frameLocator("#preview").getByText(shows).first().waitFor();
    const frame = page.frames().find((each) => each.url() === preview.url);
    if (frame === undefined) throw new Error("The preview has no frame");
    const took = (await whenShown(frame, shows)) - startedAt;
    await page.waitForTimeout(restMs);
    await page.close();
    return took;
  };
  try {
    return { empty: await visit(false), seen: await visit(false), ahead: await visit(true) };
  } finally {
    await context.close();
  }
}
