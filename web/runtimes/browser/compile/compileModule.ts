import { buildFailure } from "../buildFailure.ts";
import type { Project } from "../dev/project.ts";
import type { Engine } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { fileOf, moduleKind, pathOf } from "./moduleKind.ts";
import { wrapReactRefresh } from "./reactRefresh.ts";

/** A module as a script, before its imports are rewritten. */
export interface CompiledModule {
  code: string;
  /** Source map version 3, JSON. */
  map: string | null;
  /** The framework's own hot-update code is in `code`. */
  hot: boolean;
}

export interface CompileContext {
  fs: ProjectFs;
  project: Project;
  engine: Engine;
  /** "development" adds hot-update code and debug information. */
  mode: "development" | "production";
}

/**
 * Compiles everything that is a script or becomes one: TypeScript, JSX, Vue and Svelte components. What comes of it
 * depends on `source`, the project and the engine alone, on no other file.
 */
export async function compileModule(
  context: CompileContext,
  id: string,
  source: string = readSource(context.fs, id),
): Promise<CompiledModule> {
  const kind = moduleKind(id);
  switch (kind.kind) {
    case "vue": {
      const { compileVue } = await import("./compileVue.ts");
      return compileVue(context, id, source);
    }
    case "svelte": {
      const { compileSvelte } = await import("./compileSvelte.ts");
      return compileSvelte(context, id, source);
    }
    case "script":
      return compileScript(context, { id, source, lang: kind.lang });
    default:
      throw buildFailure({ message: `${pathOf(id)} cannot be imported as a script.`, file: pathOf(id) });
  }
}

/** The text of a module's file; a missing one is a build failure that names it. */
export function readSource(fs: ProjectFs, id: string): string {
  const path = pathOf(id);
  if (!fs.exists(path)) throw buildFailure({ message: `${path} does not exist.`, file: path });
  return fs.readText(path);
}

async function compileScript(
  context: CompileContext,
  module: { id: string; source: string; lang: "js" | "jsx" | "ts" | "tsx" },
): Promise<CompiledModule> {
  const { project, engine, mode } = context;
  const own = !module.id.includes("/node_modules/");
  const sourcemap = own;
  // Projects name files with JSX ".js" too.
  const lang = module.lang === "js" && own ? "jsx" : module.lang;
  if (module.lang === "js" && !module.id.includes(".svelte.") && !/<[A-Za-z>]/.test(module.source)) {
    return { code: module.source, map: null, hot: false };
  }
  if (project.jsx.kind === "solid" && (lang === "jsx" || lang === "tsx")) {
    const { compileSolid } = await import("./compileSolid.ts");
    return compileSolid(context, module.id, module.source);
  }
  const development = mode === "development";
  const refresh =
    development &&
    own &&
    project.framework === "react" &&
    engine.name === "rolldown" &&
    lang.endsWith("x") &&
    hasJsxExtension(module.id);
  if (/\.svelte\.[jt]s$/.test(fileOf(module.id))) return compileRunes(context, module);
  const options =
    project.jsx.kind === "oxc"
      ? project.jsx.options
      : { runtime: "automatic" as const, importSource: "react" };
  const output = await engine.transform({
    id: fileOf(module.id),
    code: module.source,
    lang,
    jsx: { ...options, development, refresh },
    ...(own ? { classes: project.classes } : {}),
    sourcemap,
  });
  if (!refresh) return { ...output, hot: false };
  return wrapReactRefresh(output, fileOf(module.id));
}

/** A module with runes: types off first, Svelte's compiler takes JavaScript. */
async function compileRunes(
  { engine, mode }: CompileContext,
  { id, source, lang }: { id: string; source: string; lang: "js" | "jsx" | "ts" | "tsx" },
): Promise<CompiledModule> {
  const plain = await engine.transform({
    id: fileOf(id),
    code: source,
    lang,
    jsx: "preserve",
    sourcemap: false,
  });
  const { compileSvelteRunes } = await import("./compileSvelte.ts");
  return compileSvelteRunes(id, plain.code, mode === "development");
}

function hasJsxExtension(id: string): boolean {
  return /\.[jt]sx$/.test(fileOf(id));
}
