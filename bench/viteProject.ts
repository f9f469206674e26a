import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { freePort } from "../e2e/fixtures/stack.ts";
import { editTimes, pauses, type EditedFile } from "./editTimes.ts";
import { epochNow } from "./shownTexts.ts";

/** As this process was started: Vite leaves NODE_ENV behind when it builds. */
const env = { ...process.env };

/** `npm install` with a cache of its own. */
export function npmInstall(directory: string, cache: string): Promise<void> {
  const args = ["install", "--no-audit", "--no-fund", "--cache", cache];
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd: directory, env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ${args.join(" ")} ended with ${code}: ${stderr}`)),
    );
  });
}

/**
 * Starts the project's own Vite and opens it in the page. Resolves when the page shows the text, with the function that
 * stops it.
 */
export async function serveWithVite(options: {
  directory: string;
  page: Page;
  shows: string;
}): Promise<() => Promise<void>> {
  const { directory, page, shows } = options;
  const port = await freePort();
  const child = spawn(
    join(directory, "node_modules/.bin/vite"),
    ["--port", String(port), "--host", "127.0.0.1"],
    { cwd: directory, env, stdio: "pipe" },
  );
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      if (/ready in|Local:/.test(chunk.toString())) resolve();
    });
    void ended.then((code) => reject(new Error(`Vite ended with ${code}`)));
  });
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.getByText(shows).first().waitFor();
  return async () => {
    child.kill();
    await ended;
  };
}

/**
 * Milliseconds from the write of a file to the change of the page that Vite serves, by file. The files are as before when
 * it ends.
 */
export async function viteEdits(options: {
  page: Page;
  directory: string;
  edited: readonly EditedFile[];
  edits: number;
}): Promise<number[][]> {
  const { page, directory, edited, edits } = options;
  const ahead = await clockAhead(page);
  await page.waitForTimeout(pauses.first);
  const samples: number[][] = [];
  for (const { file, before } of edited) {
    const path = join(directory, file);
    const original = await readFile(path, "utf8");
    const write = async (text: string): Promise<number> => {
      const writtenAt = epochNow() + ahead;
      await writeFile(path, original.replace(before, text));
      return writtenAt;
    };
    const frame = () => page.mainFrame();
    // Vite's watcher misses one of two quick writes now and then.
    const missed = (error: unknown): void => console.warn("Vite did not show an edit:", error);
    samples.push(await editTimes({ page, frame, file, edits, write, missed }));
    await writeFile(path, original);
    // The page may load anew, and would miss the next edit meanwhile.
    await page.waitForTimeout(pauses.between);
  }
  return samples;
}

/** By how many milliseconds the page's clock is ahead of this process's: the middle of the fastest of ten questions. */
async function clockAhead(page: Page): Promise<number> {
  let best = { took: Number.POSITIVE_INFINITY, ahead: 0 };
  for (let index = 0; index < 10; index += 1) {
    const askedAt = epochNow();
    const theirs = await page.evaluate(() => performance.timeOrigin + performance.now());
    const took = epochNow() - askedAt;
    if (took < best.took) best = { took, ahead: theirs - askedAt - took / 2 };
  }
  return best.ahead;
}
