import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import type { Browser, FrameLocator, Page } from "@playwright/test";
import type { BuildResult, FileMap, PreviewFailure, PreviewState } from "../../runtime.ts";
import type { RuntimeServer } from "./runtimeServer.ts";
// Also brings the type of `globalThis.coder`.
import type { RuntimeTestPage } from "./page.ts";

/** A page with a booted runtime, driven from a test. */
export interface RuntimePage {
  page: Page;
  projectId: string;
  preview: FrameLocator;
  mount(files: FileMap): Promise<void>;
  /** Starts the preview, and shows it in a frame when it is ready. */
  start(): Promise<PreviewState>;
  state(): Promise<PreviewState>;
  /** Resolves with the next state for which the test is true (or the present one). */
  stateThat(kind: PreviewState["kind"]): Promise<PreviewState>;
  write(path: string, content: string): Promise<void>;
  read(path: string): Promise<string>;
  /** Replaces a text in a file; the text has to be there. */
  edit(path: string, from: string, to: string): Promise<void>;
  build(): Promise<BuildResult | { failure: PreviewFailure }>;
  /** Runs a command to its end. */
  run(command: string, ...args: string[]): Promise<{ code: number; output: string }>;
  consoleLines(): Promise<RuntimeTestPage["consoleLines"]>;
  close(): Promise<void>;
}

interface RuntimePageOptions {
  browser: Browser;
  server: RuntimeServer;
  engine?: "rolldown" | "esbuild";
  projectId?: string;
  persist?: boolean;
  previewDeadlineMs?: number;
}

type Encoded = Record<string, string>;

function encode(files: FileMap): Encoded {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, Buffer.from(content).toString("base64")]),
  );
}

export async function openRuntimePage(options: RuntimePageOptions): Promise<RuntimePage> {
  const { browser, server } = options;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.origin}/page.html`);
  const projectId = options.projectId ?? `p-${randomUUID().slice(0, 8)}`;
  const boot = {
    projectId,
    persist: options.persist ?? false,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(options.previewDeadlineMs === undefined ? {} : { previewDeadlineMs: options.previewDeadlineMs }),
  };
  await page.evaluate((boot) => coder.boot(boot), boot);
  const self: RuntimePage = {
    page,
    projectId,
    preview: page.frameLocator("#preview"),
    mount: (files) =>
      page.evaluate(
        (encoded) =>
          coder.runtime.mount(
            Object.fromEntries(
              Object.entries(encoded).map(([path, text]) => [
                path,
                Uint8Array.from(atob(text), (c) => c.charCodeAt(0)),
              ]),
            ),
          ),
        encode(files),
      ),
    start: async () => {
      const state = await page.evaluate(async () => {
        await coder.runtime.startPreview();
        return coder.runtime.preview;
      });
      if (state.kind === "ready") await page.evaluate(() => coder.show());
      return state;
    },
    state: () => page.evaluate(() => coder.runtime.preview),
    stateThat: (kind) => page.evaluate((kind) => coder.stateThat(kind), kind),
    write: (path, content) =>
      page.evaluate(([path, content]) => coder.runtime.fs.writeFile(path, content), [path, content] as const),
    read: (path) => page.evaluate((path) => coder.runtime.fs.readText(path), path),
    edit: async (path, from, to) => {
      const text = await self.read(path);
      if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
      await self.write(path, text.replace(from, to));
    },
    build: async () => {
      const result = await page.evaluate(() => coder.build());
      if ("failure" in result) return result;
      return {
        files: Object.fromEntries(
          Object.entries(result.files).map(([path, text]) => [path, Buffer.from(text, "base64")]),
        ),
      };
    },
    run: (command, ...args) =>
      page.evaluate(([command, args]) => coder.run(command, args), [command, args] as const),
    consoleLines: () => page.evaluate(() => coder.consoleLines),
    close: () => context.close(),
  };
  return self;
}

/** A template of create-vite as a project's files. */
export async function templateFiles(name: string): Promise<FileMap> {
  const root = join(
    dirname(createRequire(import.meta.url).resolve("create-vite/package.json")),
    `template-${name}`,
  );
  const files: FileMap = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[relative(root, path).replace(/^_gitignore$/, ".gitignore")] = await readFile(path);
  }
  return files;
}
