import { createBundleSource } from "../dev/bundleSource.ts";
import { readProject } from "../dev/project.ts";
import { isNodeBuiltin, joinId, resolveModule } from "../dev/resolveModule.ts";
import type { BundleSource, Engine } from "../engine/engine.ts";
import { CoderError } from "../../../../shared/errors.ts";
import type { ProjectFs } from "../kernelParts.ts";

/** One ESM script for the Node shims: the entry with everything it imports, `node:` imports left external. */
export async function bundleForNode(
  parts: { fs: ProjectFs; engine: Engine },
  entry: string,
): Promise<string> {
  const { fs, engine } = parts;
  const project = readProject(fs, "development");
  const id = joinId("/", entry.replace(/^\/project\//, ""));
  if (!fs.exists(id.slice(1))) throw new CoderError("not_found", `Cannot find module ${entry}`);
  const inner = createBundleSource({
    compile: { fs, project, engine, mode: "production" },
    resolve: (specifier, importer, kind) =>
      resolveModule(
        { fs, project, conditions: ["node"], browser: false, require: kind === "require" },
        specifier,
        importer,
      )?.id ?? null,
  });
  const source: BundleSource = {
    load: inner.load,
    resolve: (specifier, importer, kind) =>
      isNodeBuiltin(specifier)
        ? { id: `node:${specifier.replace(/^node:/, "")}`, external: true }
        : inner.resolve(specifier, importer, kind),
  };
  const [chunk] = await engine.bundle({
    entries: { main: id },
    source,
    define: {},
    jsx:
      project.jsx.kind === "oxc"
        ? { ...project.jsx.options, development: false, refresh: false }
        : "preserve",
    minify: false,
    platform: "node",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    splitting: false,
  });
  if (!chunk) throw new CoderError("internal", `The bundle of ${entry} is empty.`);
  return chunk.code;
}
