import type { ProjectFs } from "../../kernelParts.ts";
import { forgetManifests } from "../../dev/resolveModule.ts";
import { packageLayerOf } from "../../fs/packagedFs.ts";
import { imageOf, type PackageImage } from "../../packages/packageImage.ts";
import { runNodeProcess } from "../nodeProcess.ts";
import type { Tool } from "../tool.ts";
import { findTestFiles } from "./testFiles.ts";

/** What a test imports from "vitest"; the values are those that the process worker's runner put on its global. */
const vitestNames = [
  "describe",
  "suite",
  "it",
  "test",
  "expect",
  "vi",
  "vitest",
  "beforeAll",
  "beforeEach",
  "afterAll",
  "afterEach",
  "assert",
  "expectTypeOf",
  "assertType",
  "onTestFinished",
  "onTestFailed",
];

const packageFiles: Record<string, string> = {
  "package.json": JSON.stringify({
    name: "vitest",
    version: "0.0.0-browser-runtime",
    type: "module",
    exports: { ".": "./index.js", "./config": "./config.js", "./globals": "./globals.js" },
  }),
  "index.js": vitestNames
    .map((name) => `export const ${name} = globalThis.__coderVitest.${name};\n`)
    .join(""),
  "config.js":
    "export const defineConfig = (config) => config;\nexport const defineProject = defineConfig;\n",
  "globals.js": "export {};\n",
};

function createImage(): PackageImage {
  const encoded = Object.entries(packageFiles).map(([path, text]) => ({
    path,
    bytes: new TextEncoder().encode(text),
  }));
  const bytes = new Uint8Array(encoded.reduce((sum, file) => sum + file.bytes.length, 0));
  const files: PackageImage["files"] = new Map();
  let offset = 0;
  for (const file of encoded) {
    bytes.set(file.bytes, offset);
    files.set(file.path, { offset, size: file.bytes.length });
    offset += file.bytes.length;
  }
  return imageOf("coder-vitest-1", bytes, files);
}

/** Puts a package "vitest" in place whose exports are the runner's. An installed real one is used as it is. */
export function provideVitest(fs: ProjectFs): void {
  if (fs.exists("node_modules/vitest/package.json")) return;
  const layer = packageLayerOf(fs);
  forgetManifests(fs);
  if (layer !== undefined) return layer.mount("node_modules/vitest", createImage());
  for (const [path, text] of Object.entries(packageFiles)) fs.writeFile(`node_modules/vitest/${path}`, text);
}

const flagsWithValue = new Set([
  "-t",
  "--testNamePattern",
  "-c",
  "--config",
  "--environment",
  "--reporter",
  "--root",
  "--dir",
]);

function parseArguments(args: string[]): { filters: string[]; testNamePattern: string | undefined } {
  const filters: string[] = [];
  let testNamePattern: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? "";
    if (flagsWithValue.has(word)) {
      if (word === "-t" || word === "--testNamePattern") testNamePattern = args[index + 1];
      index += 1;
    } else if (!word.startsWith("-")) filters.push(word);
  }
  return { filters, testNamePattern };
}

/** `vitest`, `vitest run`: the project's test files in a process worker, with a vitest-compatible runner. No watching. */
export const vitestTool: Tool = {
  name: "vitest",
  async run(args, context) {
    const words = args[0] === "run" || args[0] === "watch" || args[0] === "dev" ? args.slice(1) : args;
    const { filters, testNamePattern } = parseArguments(words);
    const entries = findTestFiles(context.parts.fs, filters);
    if (entries.length === 0) {
      const isPassing = args.includes("--passWithNoTests");
      context.out.stderr(`No test files found${filters.length === 0 ? "" : ` for ${filters.join(", ")}`}\n`);
      return isPassing ? 0 : 1;
    }
    provideVitest(context.parts.fs);
    return runNodeProcess({ mode: "test", entries, argv: [], testNamePattern }, context);
  },
};
