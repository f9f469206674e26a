import type { Browser } from "@playwright/test";
import type { FileMap } from "../web/runtimes/runtime.ts";
import { openRuntimePage } from "../web/runtimes/browser/testing/runtimePage.ts";
import type { RuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import { noteTexts, whenShown } from "./shownTexts.ts";

/**
 * Milliseconds from a write to the runtime's files to the change of the preview's document, in a page that has nothing but
 * the runtime: what is left when the Studio is taken away.
 */
export async function runtimeEdits(options: {
  server: RuntimeServer;
  browser: Browser;
  files: FileMap;
  edited: { file: string; before: string };
  edits: number;
  /** Before the first edit, and between two. */
  pauses: { first: number; between: number };
}): Promise<number[]> {
  const { server, browser, files, edited, edits, pauses } = options;
  const runtime = await openRuntimePage({ browser, server });
  try {
    await runtime.page.context().addInitScript(noteTexts);
    await runtime.mount(files);
    const state = await runtime.start();
    if (state.kind !== "ready") throw new Error(`The preview did not start: ${JSON.stringify(state)}`);
    await runtime.preview.getByText(edited.before).first().waitFor();
    await runtime.page.waitForTimeout(pauses.first);
    const samples: number[] = [];
    let text = edited.before;
    for (let index = 0; index < edits; index += 1) {
      const next = `Edited ${index}`;
      const content = (await runtime.read(edited.file)).replace(text, next);
      const writtenAt = await runtime.page.evaluate(
        ([path, content]) => {
          const at = performance.timeOrigin + performance.now();
          void coder.runtime.fs.writeFile(path, content);
          return at;
        },
        [edited.file, content] as const,
      );
      const frame = runtime.page.frames().find((each) => each.url() === state.url);
      if (frame === undefined) throw new Error("The preview has no frame");
      samples.push((await whenShown(frame, next)) - writtenAt);
      text = next;
      await runtime.page.waitForTimeout(pauses.between);
    }
    return samples;
  } finally {
    await runtime.close();
  }
}
