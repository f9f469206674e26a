import type { Browser } from "@playwright/test";
import type { FileMap } from "../web/runtimes/runtime.ts";
import { openRuntimePage } from "../web/runtimes/browser/testing/runtimePage.ts";
import type { RuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import { noteTexts } from "./shownTexts.ts";
import { editTimes, pauses, type EditedFile } from "./editTimes.ts";

/**
 * Milliseconds from a write to the runtime's files to the change of the preview's document, by file, in a page that has
 * nothing but the runtime: what is left when the Studio is taken away.
 */
export async function runtimeEdits(options: {
  server: RuntimeServer;
  browser: Browser;
  files: FileMap;
  /** A text that the page shows at first. */
  shows: string;
  edited: readonly EditedFile[];
  edits: number;
}): Promise<number[][]> {
  const { server, browser, files, shows, edited, edits } = options;
  const runtime = await openRuntimePage({ browser, server });
  const { page } = runtime;
  try {
    await page.context().addInitScript(noteTexts);
    await runtime.mount(files);
    const state = await runtime.start();
    if (state.kind !== "ready") throw new Error(`The preview did not start: ${JSON.stringify(state)}`);
    await runtime.preview.getByText(shows).first().waitFor();
    await page.waitForTimeout(pauses.first);
    const frame = () => {
      const found = page.frames().find((each) => each.url() === state.url);
      if (found === undefined) throw new Error("The preview has no frame");
      return found;
    };
    const samples: number[][] = [];
    for (const { file, before } of edited) {
      const original = await runtime.read(file);
      const write = (text: string): Promise<number> =>
        page.evaluate(
          ([path, content]) => {
            const at = performance.timeOrigin + performance.now();
            void coder.runtime.fs.writeFile(path, content);
            return at;
          },
          [file, original.replace(before, text)] as const,
        );
      samples.push(await editTimes({ page, frame, file, edits, write }));
    }
    return samples;
  } finally {
    await runtime.close();
  }
}
