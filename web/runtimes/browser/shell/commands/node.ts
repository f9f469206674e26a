import { relativePath } from "../../fs/projectPath.ts";
import type { ProjectFs } from "../../kernelParts.ts";
import { runNodeProcess } from "../nodeProcess.ts";
import type { Tool, ToolContext } from "../tool.ts";
import { findTestFiles } from "./testFiles.ts";

const evalFile = ".coder-eval.mjs";
const extensions = ["", ".js", ".mjs", ".cjs", ".ts", ".mts", "/index.js", "/index.mjs", "/index.ts"];

function resolveEntry(fs: ProjectFs, cwd: string, path: string): string | undefined {
  const base = relativePath(path.startsWith("/") ? path : `${cwd}/${path}`);
  return extensions
    .map((extension) => base + extension)
    .find((file) => fs.exists(file) && fs.stat(file).kind === "file");
}

/** Runs a file of an installed package as a command. */
export function runNodeFile(file: string, args: string[], context: ToolContext): Promise<number> {
  return runNodeProcess({ mode: "script", entries: [file], argv: args }, context);
}

/** `node -e` needs a file to bundle; it lies beside the project's own for relative imports and goes at once. */
async function evaluate(source: string, args: string[], context: ToolContext): Promise<number> {
  const { fs } = context.parts;
  const isScript = !/^\s*(?:import|export)\s/m.test(source) && /\brequire\(/.test(source);
  const file = isScript ? evalFile.replace(".mjs", ".cjs") : evalFile;
  fs.writeFile(file, source);
  try {
    return await runNodeProcess({ mode: "script", entries: [file], argv: args }, context);
  } finally {
    if (fs.exists(file)) fs.rm(file);
  }
}

/** Whether a file registers tests with `node:test`: those run after it was loaded. */
function usesNodeTest(fs: ProjectFs, file: string): boolean {
  return /["']node:test["']/.test(fs.readText(file));
}

/** `node file.js`, `node -e code`, `node -p expression`, `node --test`: in a process worker on the run origin. */
export const nodeTool: Tool = {
  name: "node",
  async run(args, context) {
    const { fs } = context.parts;
    const index = args.findIndex((word) => !word.startsWith("-"));
    const flags = index === -1 ? args : args.slice(0, index);
    const [file, ...rest] = index === -1 ? [] : args.slice(index);
    if (flags.includes("-v") || flags.includes("--version")) {
      context.out.stdout("v24.0.0\n");
      return 0;
    }
    if (flags.includes("-e") || flags.includes("--eval")) return evaluate(file ?? "", rest, context);
    if (flags.includes("-p") || flags.includes("--print"))
      return evaluate(`console.log(${file ?? ""})`, rest, context);
    if (flags.includes("--test")) {
      const entries = findTestFiles(fs, file === undefined ? [] : [file, ...rest]);
      if (entries.length === 0) {
        context.out.stderr("node: no test files found\n");
        return 1;
      }
      return runNodeProcess({ mode: "test", entries, argv: [] }, context);
    }
    if (file === undefined) {
      context.out.stderr("node: there is no interactive mode here. Name a file: node file.js\n");
      return 1;
    }
    const entry = resolveEntry(fs, context.cwd, file);
    if (entry === undefined) {
      context.out.stderr(`node: cannot find "${file}"\n`);
      return 1;
    }
    return runNodeProcess(
      { mode: usesNodeTest(fs, entry) ? "test" : "script", entries: [entry], argv: rest },
      context,
    );
  },
};
