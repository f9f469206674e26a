import { exports as resolveExports, imports as resolveImports } from "resolve.exports";
import type { ProjectFs } from "../kernelParts.ts";
import type { Project } from "./project.ts";

/**
 * Ids of modules are root-absolute paths within the project ("/src/main.ts", "/node_modules/x/index.js"), with a
 * query where one file is more than one module ("/src/App.vue?vue&type=style&index=0").
 */
export interface Resolved {
  id: string;
  /** Name of the package and subpath when the specifier was bare ("react/jsx-runtime"). */
  bare?: string;
}

interface ResolveOptions {
  fs: ProjectFs;
  project: Project;
  conditions: string[];
  browser: boolean;
  /** The import is a `require()`. */
  require?: boolean;
}

/** Stands for Node's own modules in a browser bundle, as an id that `load` answers with an empty module. */
export const emptyModuleId = "/@empty";

const extensions = ["", ".mjs", ".js", ".mts", ".ts", ".jsx", ".tsx", ".json", ".vue", ".svelte"];

const nodeBuiltins = new Set(
  (
    "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs " +
    "http http2 https inspector module net os path perf_hooks process punycode querystring readline repl stream " +
    "string_decoder timers tls tty url util v8 vm wasi worker_threads zlib"
  ).split(" "),
);

export function isNodeBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || nodeBuiltins.has(specifier.split("/")[0] ?? "");
}

export function isBare(specifier: string): boolean {
  return !/^(\.{0,2}\/|[a-z][a-z+.-]*:|#)/i.test(specifier) && specifier !== "." && specifier !== "..";
}

/** Splits "@scope/name/sub/path" into the package's name and "./sub/path" (or "."). */
export function splitBare(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const rest = specifier.slice(name.length + 1);
  return { name, subpath: rest === "" ? "." : `./${rest}` };
}

export function dirname(id: string): string {
  const path = id.replace(/\?.*$/, "");
  return path.slice(0, Math.max(0, path.lastIndexOf("/"))) || "/";
}

/** Joins and normalises to a root-absolute path. */
export function joinId(base: string, relative: string): string {
  const parts: string[] = [];
  for (const part of `${relative.startsWith("/") ? "" : base}/${relative}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/**
 * Resolves `specifier` as written in module `importer` by the rules of Node's ESM resolution with a bundler's
 * additions (extensions, index files, the `browser` field, `paths` aliases). Null when nothing is there.
 */
export function resolveModule(options: ResolveOptions, specifier: string, importer: string): Resolved | null {
  const { query, path } = splitQuery(specifier);
  const alias = options.project.aliases.find((alias) =>
    alias.exact ? path === alias.prefix : path.startsWith(alias.prefix) && alias.prefix !== "",
  );
  if (alias && !importer.includes("/node_modules/")) {
    const found = resolveFile(options.fs, `${alias.target}${path.slice(alias.prefix.length)}`);
    if (found !== null) return { id: found + query };
  }
  if (path.startsWith("#")) {
    const id = resolveSubpathImport(options, path, importer);
    return id === null ? null : { id: id + query };
  }
  if (isBare(path)) return resolveBare(options, path, { importer, query });
  const candidate = joinId(dirname(importer), path);
  const mapped = browserFieldOf(options, candidate);
  if (mapped !== undefined) return { id: mapped };
  const id = resolveFile(options.fs, candidate);
  return id === null ? null : { id: browserFieldOf(options, id) ?? id + query };
}

function splitQuery(specifier: string): { path: string; query: string } {
  const at = specifier.indexOf("?");
  return at === -1
    ? { path: specifier, query: "" }
    : { path: specifier.slice(0, at), query: specifier.slice(at) };
}

function isFile(fs: ProjectFs, id: string): boolean {
  const path = id.slice(1);
  return path !== "" && fs.exists(path) && fs.stat(path).kind === "file";
}

function resolveFile(fs: ProjectFs, path: string): string | null {
  for (const extension of extensions) if (isFile(fs, path + extension)) return path + extension;
  // TypeScript's convention: "./a.js" names the file a.ts.
  const typed = path.replace(/\.([cm]?)jsx?$/, ".$1ts");
  for (const candidate of typed === path ? [] : [typed, `${typed}x`])
    if (isFile(fs, candidate)) return candidate;
  if (path !== "/" && fs.exists(path.slice(1))) {
    const manifest = readManifest(fs, path);
    const main = manifest?.module ?? manifest?.main;
    if (typeof main === "string") {
      const found = resolveFile(fs, joinId(path, main));
      if (found !== null) return found;
    }
    for (const extension of extensions.slice(1)) {
      if (isFile(fs, `${path}/index${extension}`)) return `${path}/index${extension}`;
    }
  }
  return null;
}

export interface Manifest {
  name?: string;
  version?: string;
  type?: string;
  main?: string;
  module?: string;
  svelte?: string;
  browser?: string | Record<string, string | false>;
  exports?: unknown;
  imports?: unknown;
  sideEffects?: boolean | string[];
}

const manifests = new WeakMap<ProjectFs, Map<string, Manifest | null>>();

/** Forgets parsed manifests of packages; to call after an install. */
export function forgetManifests(fs: ProjectFs): void {
  manifests.delete(fs);
}

/** package.json of a package's directory. Cached: `forgetManifests` after an install. */
export function readManifest(fs: ProjectFs, directory: string): Manifest | null {
  const cache = manifests.get(fs) ?? new Map<string, Manifest | null>();
  manifests.set(fs, cache);
  const cached = cache.get(directory);
  if (cached !== undefined) return cached;
  const path = `${directory === "/" ? "" : directory.slice(1)}/package.json`.replace(/^\//, "");
  const manifest = fs.exists(path) ? (JSON.parse(fs.readText(path)) as Manifest) : null;
  if (directory.includes("/node_modules/")) cache.set(directory, manifest);
  return manifest;
}

/** The directory of the package that a module belongs to, or "/" for the project's own. */
function packageDirectory(id: string): string {
  const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(id);
  return match?.[1] ?? "/";
}

function exportOptions(options: ResolveOptions) {
  return { browser: options.browser, conditions: options.conditions, require: options.require ?? false };
}

function resolveBare(
  options: ResolveOptions,
  specifier: string,
  from: { importer: string; query: string },
): Resolved | null {
  const { fs } = options;
  const { name, subpath } = splitBare(specifier);
  const mapped = browserFieldOf(options, specifier, from.importer);
  if (mapped !== undefined) return { id: mapped };
  for (let at = dirname(from.importer); ; at = dirname(at)) {
    const directory = `${at === "/" ? "" : at}/node_modules/${name}`;
    if (!at.endsWith("/node_modules") && fs.exists(directory.slice(1))) {
      const id = resolveInPackage(options, directory, subpath);
      return id === null ? null : { id: id + from.query, bare: specifier };
    }
    if (at === "/") return null;
  }
}

function resolveInPackage(options: ResolveOptions, directory: string, subpath: string): string | null {
  const { fs } = options;
  const manifest = readManifest(fs, directory);
  if (manifest?.exports !== undefined) {
    try {
      const targets = resolveExports(manifest as never, subpath, exportOptions(options)) ?? [];
      for (const target of targets) {
        const id = joinId(directory, target);
        if (isFile(fs, id)) return browserFieldOf(options, id) ?? id;
      }
    } catch {
      // resolve.exports throws when the subpath is not exported: that is "nothing is there".
    }
    return null;
  }
  if (subpath !== ".") {
    const id = resolveFile(fs, joinId(directory, subpath));
    return id === null ? null : (browserFieldOf(options, id) ?? id);
  }
  const browser = options.browser && typeof manifest?.browser === "string" ? manifest.browser : undefined;
  const svelte = options.conditions.includes("svelte") ? manifest?.svelte : undefined;
  const entry = svelte ?? browser ?? manifest?.module ?? manifest?.main ?? "index.js";
  const id = resolveFile(fs, joinId(directory, entry)) ?? resolveFile(fs, joinId(directory, "index.js"));
  return id === null ? null : (browserFieldOf(options, id) ?? id);
}

function resolveSubpathImport(options: ResolveOptions, specifier: string, importer: string): string | null {
  const directory = packageDirectory(importer);
  const manifest = readManifest(options.fs, directory);
  if (manifest?.imports === undefined) return null;
  const targets = resolveImports(manifest as never, specifier, exportOptions(options)) ?? [];
  for (const target of targets) {
    const found = isBare(target)
      ? (resolveBare(options, target, { importer, query: "" })?.id ?? null)
      : resolveFile(options.fs, joinId(directory, target));
    if (found !== null) return found;
  }
  return null;
}

/** The `browser` field's replacement of a file or package (https://github.com/defunctzombie/package-browser-field-spec). */
function browserFieldOf(options: ResolveOptions, target: string, importer?: string): string | undefined {
  if (!options.browser) return undefined;
  const directory = packageDirectory(importer ?? target);
  if (directory === "/") return undefined;
  const manifest = readManifest(options.fs, directory);
  if (typeof manifest?.browser !== "object" || manifest.browser === null) return undefined;
  const key = importer === undefined ? `.${target.slice(directory.length)}` : target;
  const value = manifest.browser[key] ?? manifest.browser[key.replace(/\.js$/, "")];
  if (value === undefined) return undefined;
  if (value === false) return emptyModuleId;
  if (value.startsWith(".")) return resolveFile(options.fs, joinId(directory, value)) ?? undefined;
  return resolveBare(options, value, { importer: importer ?? target, query: "" })?.id;
}
