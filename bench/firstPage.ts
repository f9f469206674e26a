import { gzipSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { startStack } from "../e2e/fixtures/stack.ts";
import { repeat, type Measurement } from "./measure.ts";

/** What a first visit to the home page loads as JavaScript, and how long until something is painted. */
export async function firstPage(): Promise<Measurement[]> {
  const stack = await startStack();
  const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
  const sizes: number[] = [];
  try {
    const paints = await repeat(5, async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      let bytes = 0;
      const pending: Promise<void>[] = [];
      page.on("response", (response) => {
        if (!/javascript/.test(response.headers()["content-type"] ?? "")) return;
        // Gzip at its default level, whatever the server chose for this browser.
        pending.push(response.body().then((body) => void (bytes += gzipSync(body).length)));
      });
      await page.goto(stack.url, { waitUntil: "networkidle" });
      await Promise.all(pending);
      sizes.push(bytes / 1000);
      const paint = await page.evaluate(
        () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      );
      await context.close();
      return paint;
    });
    return [
      { name: "JavaScript of the first page, gzip", unit: "kB", samples: sizes, target: 150 },
      { name: "first contentful paint, empty browser cache", unit: "ms", samples: paints },
    ];
  } finally {
    await browser.close();
    await stack.stop();
    await stack.remove();
  }
}
