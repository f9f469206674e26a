import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium, type Browser } from "@playwright/test";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { createNpmHandler } from "../functions/npm/npmHandler.ts";
import { configuredRegistry, startRuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import type { EditedFile } from "./editTimes.ts";
import type { Measurement } from "./measure.ts";
import { runtimeEdits } from "./runtimeEdits.ts";
import { noteTexts } from "./shownTexts.ts";
import { smallProjects } from "./smallProjects.ts";
import { npmInstall, serveWithVite, viteEdits } from "./viteProject.ts";

const rounds = 5;
const editsPerRound = 6;

/** Edits of small projects in the runtime alone, against Vite in turns in the same run. */
export async function smallEdits(): Promise<Measurement[]> {
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
      await npmInstall(directory, join(scratch, "cache"));
      const rows = edited.map(({ file }) => ({ file, samples: [] as number[], vite: [] as number[] }));
      for (let round = 0; round < rounds; round += 1) {
        const own = await runtimeEdits({ server, browser, files, shows, edited, edits: editsPerRound });
        const native = await nativeEdits({ browser, directory, shows, edited });
        for (const [at, row] of rows.entries()) {
          row.samples.push(...(own[at] ?? []));
          row.vite.push(...(native[at] ?? []));
        }
      }
      measurements.push(
        ...rows.map(({ file, samples, vite }): Measurement => ({
          name: `edit of a small project in the runtime alone, ${label}, ${file}`,
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

async function nativeEdits(options: {
  browser: Browser;
  directory: string;
  shows: string;
  edited: readonly EditedFile[];
}): Promise<number[][]> {
  const { browser, directory, shows, edited } = options;
  const context = await browser.newContext();
  await context.addInitScript(noteTexts);
  const page = await context.newPage();
  const server = await serveWithVite({ directory, page, shows });
  try {
    return await viteEdits({ page, directory, edited, edits: editsPerRound });
  } finally {
    server.kill();
    await context.close();
  }
}
