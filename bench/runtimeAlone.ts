import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium, type Browser, type Page } from "@playwright/test";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { createNpmHandler } from "../functions/npm/npmHandler.ts";
import { configuredRegistry, startRuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import type { EditedFile } from "./editTimes.ts";
import type { Measurement } from "./measure.ts";
import { runtimeEdits } from "./runtimeEdits.ts";
import { runtimePreviews, type RuntimePreviews } from "./runtimePreviews.ts";
import { noteTexts } from "./shownTexts.ts";
import { smallProjects } from "./smallProjects.ts";
import { npmInstall, serveWithVite, viteEdits } from "./viteProject.ts";

const rounds = 5;
const editsPerRound = 6;

/** Previews and edits of small projects in the runtime alone, against npm and Vite in turns in the same run. */
export async function runtimeAlone(): Promise<Measurement[]> {
  const server = await startRuntimeServer({ npm: createNpmHandler({ registry: configuredRegistry() }) });
  const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
  const scratch = await mkdtemp(join(tmpdir(), "coder-bench-"));
  const measurements: Measurement[] = [];
  try {
    for (const [index, { label, files, shows, edited }] of smallProjects.entries()) {
      const directory = join(scratch, String(index));
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), content);
      }
      const previews: RuntimePreviews[] = [];
      const installs: { empty: number; seen: number }[] = [];
      const edits = edited.map(({ file }) => ({ file, samples: [] as number[], vite: [] as number[] }));
      for (let round = 0; round < rounds; round += 1) {
        previews.push(await runtimePreviews({ server, browser, files, shows }));
        const own = await runtimeEdits({ server, browser, files, shows, edited, edits: editsPerRound });
        const native = await nativeRound({ browser, directory, shows, edited });
        installs.push(native);
        for (const [at, row] of edits.entries()) {
          row.samples.push(...(own[at] ?? []));
          row.vite.push(...(native.edits[at] ?? []));
        }
      }
      const preview = (name: string, kind: keyof RuntimePreviews, native: "empty" | "seen"): Measurement => ({
        name: `preview in the runtime alone, ${name}, ${label}`,
        unit: "ms",
        samples: previews.map((each) => each[kind]),
        reference: { name: "npm install + Vite", samples: installs.map((each) => each[native]) },
      });
      measurements.push(
        preview("first visit", "empty", "empty"),
        preview("second visit", "seen", "seen"),
        preview("started ahead", "ahead", "seen"),
        ...edits.map(({ file, samples, vite }): Measurement => ({
          name: `edit in the runtime alone, ${label}, ${file}`,
          unit: "ms",
          samples,
          reference: { name: "Vite", samples: vite },
        })),
      );
    }
  } finally {
    await browser.close();
    await server.close();
    await rm(scratch, { recursive: true, force: true });
  }
  return measurements;
}

/** Installation and start with nothing there and once more with cache and lock, then the edits. */
async function nativeRound(options: {
  browser: Browser;
  directory: string;
  shows: string;
  edited: readonly EditedFile[];
}): Promise<{ empty: number; seen: number; edits: number[][] }> {
  const { browser, directory, shows, edited } = options;
  const cache = await mkdtemp(join(tmpdir(), "coder-bench-npm-"));
  const onPage = async <T>(work: (page: Page) => Promise<T>): Promise<T> => {
    const context = await browser.newContext();
    try {
      await context.addInitScript(noteTexts);
      return await work(await context.newPage());
    } finally {
      await context.close();
    }
  };
  const start = (): Promise<number> =>
    onPage(async (page) => {
      await rm(join(directory, "node_modules"), { recursive: true, force: true });
      const startedAt = performance.now();
      await npmInstall(directory, cache);
      const stop = await serveWithVite({ directory, page, shows });
      const took = performance.now() - startedAt;
      await stop();
      return took;
    });
  try {
    await rm(join(directory, "package-lock.json"), { force: true });
    const empty = await start();
    const seen = await start();
    const edits = await onPage(async (page) => {
      const stop = await serveWithVite({ directory, page, shows });
      try {
        return await viteEdits({ page, directory, edited, edits: editsPerRound });
      } finally {
        await stop();
      }
    });
    return { empty, seen, edits };
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}
