import type { BundleSource, LoadedModule } from "../engine/engine.ts";
import { compileModule, type CompileContext } from "../compile/compileModule.ts";
import { fileOf, moduleKind, pathOf } from "../compile/moduleKind.ts";
import { mimeType } from "../compile/mime.ts";
import { emptyModuleId, isNodeBuiltin } from "./resolveModule.ts";

interface BundleSourceOptions {
  compile: CompileContext;
  resolve(specifier: string, importer: string, kind: "import" | "require"): string | null;
}

/** Packages' modules for a bundle: scripts as they are, components compiled, other files as data. */
export function createBundleSource({ compile, resolve }: BundleSourceOptions): BundleSource {
  return {
    resolve(specifier, importer, kind = "import") {
      const id = resolve(specifier, importer ?? "/index.html", kind);
      if (id !== null) return { id };
      if (specifier === "solid-refresh") return { id: "/@solid-refresh" };
      if (isNodeBuiltin(specifier)) return { id: `${emptyModuleId}?${specifier}` };
      // Optional peers inside packages are asked for and caught at run time; a missing one must not fail the bundle.
      return importer?.includes("/node_modules/") === true ? { id: `${emptyModuleId}?${specifier}` } : null;
    },
    load: (id) => loadForBundle(compile, id),
  };
}

async function loadForBundle(compile: CompileContext, id: string): Promise<LoadedModule> {
  const { fs } = compile;
  if (id.startsWith(emptyModuleId)) return { code: "module.exports = {};", type: "js" };
  if (id === "/@solid-refresh") {
    const { solidRefreshRuntime } = await import("../compile/solidRefreshRuntime.ts");
    return { code: solidRefreshRuntime, type: "js" };
  }
  const kind = moduleKind(id);
  switch (kind.kind) {
    case "script":
      if (kind.lang !== "js" && compile.project.jsx.kind === "solid" && kind.lang !== "ts") {
        return { code: (await compileModule(compile, id)).code, type: "js" };
      }
      return { code: fs.readText(pathOf(id)), type: kind.lang };
    case "vue":
    case "svelte":
      return { code: (await compileModule({ ...compile, mode: "production" }, id)).code, type: "js" };
    case "json":
      return { code: fs.readText(pathOf(id)), type: "json" };
    case "style":
    case "component-style": {
      // A sheet inside a bundle of packages puts itself on the page.
      const css = kind.kind === "style" ? fs.readText(pathOf(id)) : "";
      return {
        code: `const style = document.createElement("style"); style.textContent = ${JSON.stringify(css)}; document.head.append(style);`,
        type: "js",
      };
    }
    default: {
      const url = `data:${mimeType(fileOf(id))};base64,${fs.readFile(pathOf(id)).toBase64()}`;
      return {
        code: `export default ${JSON.stringify(kind.kind === "raw" ? fs.readText(pathOf(id)) : url)};`,
        type: "js",
      };
    }
  }
}
