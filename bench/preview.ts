import { cp, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "@playwright/test";
import { browserArguments, requireBrowser } from "../e2e/fixtures/browser.ts";
import { startStack, type Stack } from "../e2e/fixtures/stack.ts";
import { createNpmHandler } from "../functions/npm/npmHandler.ts";
import { configuredRegistry, startRuntimeServer } from "../web/runtimes/browser/testing/runtimeServer.ts";
import { editTimes, pauses } from "./editTimes.ts";
import { timed, type Measurement } from "./measure.ts";
import { makeProject, signInAsOwner } from "./owner.ts";
import { runtimeEdits } from "./runtimeEdits.ts";
import { noteTexts } from "./shownTexts.ts";
import { npmInstall, serveWithVite, viteEdits } from "./viteProject.ts";

/** Starts of each side, and edits after each start. */
const rounds = 5;
const editsPerRound = 6;
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
  const ours: Samples = { cold: [], warm: [], edit: [] };
  const native: Samples = { cold: [], warm: [], edit: [] };
  const alone: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      await measureStudio({ stack, browser, template, directory, samples: ours });
      const files = await filesOf(directory);
      const edits = await runtimeEdits({
        server,
        browser,
        files,
        shows: template.before,
        edited: [template],
        edits: editsPerRound,
      });
      alone.push(...edits.flat());
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
    row("edit to preview", "edit", "Vite"),
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
  await page.waitForTimeout(pauses.first);
  const { file } = template;
  const frame = () => {
    const found = page.frames().find((each) => /--preview\.[^/]*\/(?!__coder)/.test(each.url()));
    if (found === undefined) throw new Error("The preview has no frame");
    return found;
  };
  const write = async (next: string): Promise<number> => {
    await page.locator(".cm-line", { hasText: `<h1>${text}</h1>` }).click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    // As after every other edit: what the selection costs is over.
    await page.waitForTimeout(pauses.between);
    await page.keyboard.insertText(`<h1>${next}</h1>`);
    text = next;
    return lastInput(page);
  };
  samples.edit.push(...(await editTimes({ page, frame, file, edits: editsPerRound, write })));
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
  const clean = (): Promise<void> => rm(join(directory, "node_modules"), { recursive: true, force: true });
  let stop: (() => Promise<void>) | undefined;
  const start = async (): Promise<void> => {
    await npmInstall(directory, cache);
    stop = await serveWithVite({ directory, page, shows: template.before });
  };
  await clean();
  await rm(join(directory, "package-lock.json"), { force: true });
  samples.cold.push(await timed(start));
  await stop?.();
  await clean();
  samples.warm.push(await timed(start));
  const edited = await viteEdits({ page, directory, edited: [template], edits: editsPerRound });
  samples.edit.push(...edited.flat());
  await stop?.();
  await context.close();
  await rm(cache, { recursive: true, force: true });
}
