import { compile } from "tailwindcss";
import { buildFailure } from "../buildFailure.ts";
import { dirname, joinId } from "../dev/resolveModule.ts";
import { isScanned } from "../dev/styleModules.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { pathOf } from "./moduleKind.ts";

/** Generates Tailwind 4's utilities for the classes that occur in the project's files. Imports are inlined by it. */
export async function compileTailwind(fs: ProjectFs, css: string, id: string): Promise<string> {
  try {
    const compiler = await compile(css, {
      base: dirname(id),
      loadStylesheet: (specifier, base) => loadStylesheet(fs, specifier, base),
      loadModule: (specifier) => {
        throw buildFailure({
          message: `${pathOf(id)} loads the Tailwind plugin or configuration ${specifier}, which is code the built-in runtime does not execute in its compiler.`,
          file: pathOf(id),
          remedy: { label: "Run on a server", action: "use-server" },
        });
      },
    });
    return compiler.build(candidates(fs));
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "CoderError") throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw buildFailure({ message: `${pathOf(id)}: ${message}`, file: pathOf(id) }, thrown);
  }
}

async function loadStylesheet(fs: ProjectFs, specifier: string, base: string) {
  const path = stylesheetPath(fs, specifier, base);
  if (path === null) throw new Error(`Cannot find the stylesheet ${specifier}`);
  return { path, base: dirname(path), content: fs.readText(path.slice(1)) };
}

function stylesheetPath(fs: ProjectFs, specifier: string, base: string): string | null {
  const name = specifier.replace(/^~/, "");
  const directory = `/node_modules/${name}`;
  const options = name.startsWith(".")
    ? [joinId(base, name), joinId(base, `${name}.css`)]
    : [directory, `${directory}.css`, `${directory}/index.css`, joinId(base, name)];
  return options.find((path) => fs.exists(path.slice(1)) && fs.stat(path.slice(1)).kind === "file") ?? null;
}

/** Every run of characters that could be a class: Tailwind itself drops those that are none. */
function candidates(fs: ProjectFs): string[] {
  const found = new Set<string>();
  for (const path of fs.list()) {
    if (!isScanned(path) || path.startsWith("dist/")) continue;
    for (const [word] of fs.readText(path).matchAll(/[^\s"'`<>={}$;]+/g)) {
      if (word.length < 120) found.add(word.replace(/[,)]+$/, ""));
    }
  }
  return [...found];
}
