import type { Frame } from "@playwright/test";

declare global {
  /** What `noteTexts` notes in every document. Times in milliseconds since the epoch. */
  var coderBench: { shown: Record<string, number>; input: number };
}

/** Milliseconds since the epoch, with fractions. */
export const epochNow = (): number => performance.timeOrigin + performance.now();

/**
 * Runs in every document before its own scripts: notes when the heading, or the custom property `--note` of a sheet, has a
 * text for the first time, and each keystroke.
 */
export function noteTexts(): void {
  const now = (): number => performance.timeOrigin + performance.now();
  globalThis.coderBench = { shown: {}, input: 0 };
  const { shown } = globalThis.coderBench;
  new MutationObserver(() => {
    const texts = [document.querySelector("h1")?.textContent];
    for (const sheet of document.querySelectorAll("style"))
      texts.push(/--note:\s*([^;]*);/.exec(sheet.textContent)?.[1]);
    for (const text of texts) if (text) shown[text] ??= now();
  }).observe(document, { childList: true, subtree: true, characterData: true });
  document.addEventListener("beforeinput", () => (globalThis.coderBench.input = now()), true);
}

/** When the frame's heading, or a sheet's note, had this text. Waits for it. */
export async function whenShown(frame: Frame, text: string): Promise<number> {
  try {
    const found = await frame.waitForFunction((wanted) => globalThis.coderBench.shown[wanted], text, {
      timeout: 5000,
    });
    return (await found.jsonValue()) ?? Number.NaN;
  } catch (error) {
    const shown = await frame.evaluate(() => JSON.stringify(globalThis.coderBench.shown));
    throw new Error(`"${text}" was not shown at ${frame.url()}, but ${shown}`, { cause: error });
  }
}
