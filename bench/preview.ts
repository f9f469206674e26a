import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "@playwright/test";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { freePort, startStack, type Stack } from "../e2e/fixtures/stack.ts";
import { createNpmHandler } from "../functions/npm/npmHandler.ts";
import { configuredRegistry, startRuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import { median, timed, type Measurement } from "./measure.ts";
import { makeProject, signInAsOwner } from "./owner.ts";
import { runtimeEdits } from "./runtimeEdits.ts";
import { epochNow, noteTexts, whenShown } from "./shownTexts.ts";

/** Starts of each side, and edits after each start. */
const rounds = 5;
const editsPerRound = 6;
/** Nobody edits a page that they have not looked at; the first edit is this long after it is there, on either side. */
const lookMs = 5000;
/** Two writes within one turn of Vite's file watcher would be seen as one. */
const betweenMs = 200;
/** As this process was started: Vite leaves NODE_ENV behind when it builds. */
const env = { ...process.env };
const templates = {
  vanilla: { id: "vanilla-ts", file: "src/main.ts", before: "Get started", label: "vanilla TS" },
  solid: { id: "solid-ts", file: "src/App.tsx", before: "Get started", label: "Solid" },
  react: { id: "react-ts", file: "src/App.tsx", before: "Get started", label: "React" },
} as const;
type Template = (typeof templates)[keyof typeof templates];

interface Samples {
  cold: number[];
  warm: number[];
  edit: number[];
  /** The same edits from outside: with the typing of Playwright before and its look at the page after. */
  editSeen: number[];
}

/**
 * Cold and warm preview and the time of an edit in the Studio, against `npm install` and Vite on the same machine in
 * turns in the same run. Cold is a browser, or an npm cache, that has nothing; warm is one that has opened the project
 * before. An edit lasts from the keystroke's event in the editor, or the write of the file, to the change of the
 * preview's document, by the browser's own clock. The runtime alone is measured as well: what the Studio adds is the rest.
 */
async function preview(template: Template): Promise<Measurement[]> {
  const stack = await startStack();
  const server = await startRuntimeServer({ npm: createNpmHandler({ registry: configuredRegistry() }) });
  const browser = await chromium.launch({ executablePath: requireBrowser(), args: browserArguments });
  const directory = await copyTemplate(template);
  const ours: Samples = { cold: [], warm: [], edit: [], editSeen: [] };
  const native: Samples = { cold: [], warm: [], edit: [], editSeen: [] };
  const alone: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      await measureStudio({ stack, browser, template, directory, samples: ours });
      const files = await filesOf(directory);
      const pauses = { first: lookMs, between: betweenMs };
      alone.push(
        ...(await runtimeEdits({ server, browser, files, edited: template, edits: editsPerRound, pauses })),
      );
      await measureNative({ browser, template, directory, samples: native });
    }
  } finally {
    await browser.close();
    await server.close();
    await stack.stop();
    await stack.remove();
    await rm(directory, { recursive: true, force: true });
  }
  const row = (what: string, kind: keyof Samples, reference: string): Measurement => ({
    name: `${what}, ${template.label}`,
    unit: "ms",
    samples: ours[kind],
    reference: { name: reference, samples: native[kind] },
  });
  return [
    row("preview, empty browser", "cold", "npm install + Vite, empty cache"),
    row("preview, browser that has seen it", "warm", "npm install + Vite, warm cache and lock"),
    {
      ...row("edit to preview", "edit", "Vite"),
      note: `${Math.round(median(ours.editSeen))} ms with the typing and looking of Playwright, Vite ${Math.round(median(native.editSeen))}`,
    },
    {
      name: `edit to preview in the runtime alone, ${template.label}`,
      unit: "ms",
      samples: alone,
      reference: { name: "Vite", samples: native.edit },
    },
  ];
}

export const previewVanilla = (): Promise<Measurement[]> => preview(templates.vanilla);
export const previewSolid = (): Promise<Measurement[]> => preview(templates.solid);
export const previewReact = (): Promise<Measurement[]> => preview(templates.react);

async function copyTemplate(template: Template): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "coder-bench-"));
  await cp(join(import.meta.dirname, `../node_modules/create-vite/template-${template.id}`), directory, {
    recursive: true,
  });
  for (const name of await readdir(directory))
    if (name.startsWith("_")) await rename(join(directory, name), join(directory, `.${name.slice(1)}`));
  return directory;
}

async function filesOf(directory: string): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const relative = path.slice(directory.length + 1);
    if (!entry.isFile() || /^(?:node_modules|dist)\/|^package-lock\.json$/.test(relative)) continue;
    files[relative] = await readFile(path);
  }
  return files;
}

async function measureStudio(options: {
  stack: Stack;
  browser: Browser;
  template: Template;
  directory: string;
  samples: Samples;
}): Promise<void> {
  const { stack, browser, template, directory, samples } = options;
  const owner = await signInAsOwner(stack.url);
  const project = await makeProject(owner, await filesOf(directory));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(noteTexts);
  const page = await context.newPage();
  await page.goto(`${stack.url}/signin?next=${encodeURIComponent("/inbox")}`);
  await page.getByRole("button", { name: /owner of this machine/i }).click();
  await page.waitForURL(/\/inbox/);
  const preview = page.frameLocator("iframe[title='Preview of the project']");
  const shown = preview.getByText(template.before).first();
  const open = async (): Promise<void> => {
    await page.goto(`${stack.url}${project.path}`);
    await shown.waitFor({ timeout: 60_000 });
  };
  samples.cold.push(await timed(open));
  // Left first, so that the second visit starts its runtime anew.
  await page.goto(`${stack.url}/inbox`);
  samples.warm.push(await timed(open));
  await page.getByRole("treeitem", { name: template.file.split("/").at(-1) ?? "", exact: true }).click();
  await page.locator(".cm-content").waitFor();
  let text = template.before as string;
  await pause(lookMs);
  for (let index = 0; index < editsPerRound; index += 1) {
    const next = `Edited ${index}`;
    await page.locator(".cm-line", { hasText: `<h1>${text}</h1>` }).click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    samples.editSeen.push(
      await timed(async () => {
        await page.keyboard.insertText(`<h1>${next}</h1>`);
        await preview.getByText(next).first().waitFor();
      }),
    );
    const [frame] = page.frames().filter((each) => /--preview\.[^/]*\/(?!__coder)/.test(each.url()));
    if (frame === undefined) throw new Error("The preview has no frame");
    samples.edit.push((await whenShown(frame, next)) - (await lastInput(page)));
    text = next;
  }
  await context.close();
}

/** When the editor got its last keystroke, in milliseconds since the epoch. */
const lastInput = (page: Page): Promise<number> => page.evaluate(() => globalThis.coderBench.input);

async function measureNative(options: {
  browser: Browser;
  template: Template;
  directory: string;
  samples: Samples;
}): Promise<void> {
  const { browser, template, directory, samples } = options;
  const cache = await mkdtemp(join(tmpdir(), "coder-bench-npm-"));
  const context = await browser.newContext();
  await context.addInitScript(noteTexts);
  const page = await context.newPage();
  const clean = async (): Promise<void> => {
    await rm(join(directory, "node_modules"), { recursive: true, force: true });
  };
  const install = (command: string): Promise<void> =>
    run("npm", [command, "--no-audit", "--no-fund", "--cache", cache], directory);
  const serve = async (): Promise<ChildProcess> => {
    const port = await freePort();
    const child = spawn(
      join(directory, "node_modules/.bin/vite"),
      ["--port", String(port), "--host", "127.0.0.1"],
      { cwd: directory, env, stdio: "pipe" },
    );
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        if (/ready in|Local:/.test(chunk.toString())) resolve();
      });
      child.once("exit", (code) => reject(new Error(`Vite ended with ${code}`)));
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByText(template.before).first().waitFor();
    return child;
  };
  await clean();
  await rm(join(directory, "package-lock.json"), { force: true });
  let server: ChildProcess | undefined;
  samples.cold.push(
    await timed(async () => {
      await install("install");
      server = await serve();
    }),
  );
  server?.kill();
  await clean();
  samples.warm.push(
    await timed(async () => {
      await install("install");
      server = await serve();
    }),
  );
  const path = join(directory, template.file);
  const original = await readFile(path, "utf8");
  let current = original;
  let text = template.before as string;
  const ahead = await clockAhead(page);
  await pause(lookMs);
  for (let index = 0; index < editsPerRound; index += 1) {
    const next = `Edited ${index}`;
    current = current.replace(text, next);
    const shown = page.getByText(next).first();
    let writtenAt = 0;
    samples.editSeen.push(
      await timed(async () => {
        writtenAt = epochNow() + ahead;
        await writeFile(path, current);
        await shown.waitFor();
      }),
    );
    samples.edit.push((await whenShown(page.mainFrame(), next)) - writtenAt);
    text = next;
    await pause(betweenMs);
  }
  await writeFile(path, original);
  server?.kill();
  await context.close();
  await rm(cache, { recursive: true, force: true });
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

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr}`)),
    );
  });
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
