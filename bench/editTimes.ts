import type { Frame, Page } from "@playwright/test";
import { whenShown } from "./shownTexts.ts";

/** A file of a project, and the text in it that edits replace: its page shows it, or a sheet of the page has it as a note. */
export interface EditedFile {
  file: string;
  before: string;
}

/**
 * Milliseconds before the first edit, and between two, on either side. Nobody edits a page that they have not looked at, and
 * two writes within one turn of Vite's file watcher would be seen as one.
 */
export const pauses = { first: 5000, between: 200 };

/** Milliseconds from each write of a new text to the moment at which the frame has it. */
export async function editTimes(options: {
  page: Page;
  frame(): Frame;
  file: string;
  edits: number;
  /** Resolves with when it was written, in milliseconds since the epoch. */
  write(text: string): Promise<number>;
  /** Gets an edit that never showed, and the others count. Without it such an edit ends the measurement. */
  missed?(error: unknown): void;
}): Promise<number[]> {
  const { page, frame, file, edits, write, missed } = options;
  const samples: number[] = [];
  for (let index = 0; index < edits; index += 1) {
    const text = `${file} ${index}`;
    const writtenAt = await write(text);
    try {
      samples.push((await whenShown(frame(), text)) - writtenAt);
    } catch (error) {
      if (missed === undefined) throw error;
      missed(error);
    }
    await page.waitForTimeout(pauses.between);
  }
  if (samples.length * 4 < edits * 3) throw new Error(`Of ${edits} edits only ${samples.length} were seen`);
  return samples;
}
