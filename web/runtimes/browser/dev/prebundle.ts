import { init as initCjs, parse as parseCjs } from "cjs-module-lexer";
import { parse as parseEsm } from "es-module-lexer/js";
import type { BundledChunk, BundleSource, Engine } from "../engine/engine.ts";
import { packageDefines } from "./environment.ts";
import type { Project } from "./project.ts";

/** A bare import of the project: what it resolved to, and the names that are taken from it. */
export interface Dependency {
  specifier: string;
  id: string;
  names: Set<string>;
}

export interface Prebundle {
  /** In the path of every URL: a query would not reach the chunks that entries import. */
  hash: string;
  /** Specifier to URL. */
  urls: Record<string, string>;
  /** URL to script, in UTF-8: as a text, a megabyte of packages would be encoded anew for every page. */
  files: Record<string, Uint8Array>;
  /** URL of a script to those of the scripts that it imports statically. */
  imports: Record<string, string[]>;
  /** Specifier to the names that its wrapper exports; null for a real ES module, which exports what it exports. */
  names: Record<string, string[] | null>;
}

export interface PrebundleCache {
  get(key: string): Promise<Prebundle | undefined>;
  set(key: string, value: Prebundle): Promise<void>;
}

interface PrebundleContext {
  engine: Engine;
  project: Project;
  source: BundleSource;
  /** Text of a module's file. */
  read(id: string): string;
  /** Changes exactly when the installed packages do. */
  lockHash: string;
  cache: PrebundleCache;
}

/** Raise it when the output for the same packages changes. */
const formatVersion = 3;

/** Bundles every package that the project imports into a few ES modules that share their common parts. */
export async function prebundle(context: PrebundleContext, dependencies: Dependency[]): Promise<Prebundle> {
  const wanted = dependencies.toSorted((a, b) => (a.specifier < b.specifier ? -1 : 1));
  const key = await digest(
    JSON.stringify([
      formatVersion,
      context.engine.name,
      context.lockHash,
      context.project.framework,
      wanted.map(({ specifier, id }) => [specifier, id]),
    ]),
  );
  const cached = await context.cache.get(key);
  if (cached && covers(cached, wanted)) return cached;
  await initCjs();
  const wrappers = new Map(
    wanted.map((dependency) => [dependency.specifier, wrapperNames(context, dependency)]),
  );
  const hash = await digest(JSON.stringify([key, ...wrappers]));
  const base = `/@deps/${hash}/`;
  const entries = Object.fromEntries(
    wanted.map(({ specifier }) => [flatName(specifier), `\0dep:${specifier}`]),
  );
  const chunks =
    wanted.length === 0
      ? []
      : await context.engine.bundle({
          entries,
          source: withWrappers(context, wanted, wrappers),
          define: packageDefines("development"),
          jsx:
            context.project.jsx.kind === "oxc"
              ? { ...context.project.jsx.options, development: true, refresh: false }
              : "preserve",
          minify: false,
          platform: "browser",
          entryFileNames: "[name].js",
          chunkFileNames: "chunk-[name]-[hash].js",
          splitting: true,
        });
  const result: Prebundle = {
    hash,
    urls: Object.fromEntries(wanted.map(({ specifier }) => [specifier, `${base}${flatName(specifier)}.js`])),
    files: Object.fromEntries(
      chunks.map(({ fileName, code }: BundledChunk) => [base + fileName, new TextEncoder().encode(code)]),
    ),
    imports: Object.fromEntries(
      chunks.map(({ fileName, imports }) => [base + fileName, imports.map((imported) => base + imported)]),
    ),
    names: Object.fromEntries(wrappers),
  };
  await context.cache.set(key, result);
  return result;
}

/** Whether a prebundle already gives everything that `dependencies` need. */
export function covers(bundle: Prebundle, dependencies: Iterable<Dependency>): boolean {
  for (const { specifier, names } of dependencies) {
    if (!(specifier in bundle.urls)) return false;
    const exported = bundle.names[specifier];
    if (exported && [...names].some((name) => isWrapped(name) && !exported.includes(name))) return false;
  }
  return true;
}

/** Names that a wrapper of a CommonJS package can export besides `default`. */
function isWrapped(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "default" && name !== "__esModule";
}

function flatName(specifier: string): string {
  return specifier.replace(/^@/, "").replace(/[^\w.-]+/g, "_");
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return bytes.slice(0, 8).toHex();
}

/**
 * Names for a CommonJS entry, whose bundle would export only `default`: those that the lexer finds in it (following
 * its re-exports) and those that the project takes. Null when it is an ES module.
 */
function wrapperNames(context: PrebundleContext, dependency: Dependency): string[] | null {
  if (!/\.[cm]?js$/.test(dependency.id)) return null;
  const names = new Set(dependency.names);
  const visit = (id: string, depth: number): boolean => {
    const code = context.read(id);
    if (depth === 0 && isEsModule(code)) return false;
    try {
      const { exports, reexports } = parseCjs(code);
      for (const name of exports) names.add(name);
      for (const specifier of depth > 4 ? [] : reexports) {
        const target = context.source.resolve(specifier, id);
        if (target && target.external !== true && target.id.includes("/node_modules/"))
          visit(target.id, depth + 1);
      }
    } catch {
      // The lexer gives up on some minified files: the names that the project takes are still known.
    }
    return true;
  };
  if (!visit(dependency.id, 0)) return null;
  return [...names].filter(isWrapped).sort();
}

function isEsModule(code: string): boolean {
  try {
    const [, , , hasModuleSyntax] = parseEsm(code);
    return hasModuleSyntax;
  } catch {
    return false;
  }
}

function withWrappers(
  context: PrebundleContext,
  wanted: Dependency[],
  wrappers: Map<string, string[] | null>,
): BundleSource {
  const ids = new Map(wanted.map(({ specifier, id }) => [specifier, id]));
  return {
    resolve(specifier, importer, kind) {
      if (specifier.startsWith("\0dep:")) return { id: specifier };
      if (importer?.startsWith("\0dep:") === true) return { id: specifier };
      return context.source.resolve(specifier, importer, kind);
    },
    load(entry) {
      if (!entry.startsWith("\0dep:")) return context.source.load(entry);
      const specifier = entry.slice("\0dep:".length);
      const id = ids.get(specifier) ?? specifier;
      const names = wrappers.get(specifier) ?? null;
      return {
        code: names === null ? moduleWrapper(id, context.read(id)) : commonJsWrapper(id, names),
        type: "js",
      };
    },
  };
}

/** A real ES module goes through; its `default` has to be named, `export *` leaves it out. */
function moduleWrapper(id: string, code: string): string {
  const target = JSON.stringify(id);
  return `export * from ${target};${hasDefaultExport(code, id) ? `export { default } from ${target};` : ""}`;
}

function commonJsWrapper(id: string, names: string[]): string {
  const taken = names.map((name) => `const $${name} = cjs[${JSON.stringify(name)}];`).join("");
  const exported = names.map((name) => `$${name} as ${name}`).join(", ");
  // What `module.exports.__esModule` marks has its default export in `default`.
  return `const cjs = require(${JSON.stringify(id)});
${taken}
export { ${exported} };
export default cjs && cjs.__esModule && "default" in cjs ? cjs.default : cjs;`;
}

function hasDefaultExport(code: string, id: string): boolean {
  if (!/\.[cm]?[jt]sx?$/.test(id)) return !id.startsWith("/@");
  try {
    const [, exports] = parseEsm(code, id);
    return exports.some((item) => item.type !== "reexport-all" && item.name === "default");
  } catch {
    return false;
  }
}
