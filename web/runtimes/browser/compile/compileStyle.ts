import { buildFailure } from "../buildFailure.ts";
import { dirname, isBare, joinId } from "../dev/resolveModule.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { scopeClasses } from "./scopeClasses.ts";
import { pathOf } from "./moduleKind.ts";

export interface CompiledStyle {
  css: string;
  /** Ids of the files whose text went in, the file itself included. */
  files: string[];
  /** Generated from the classes that occur in all of the project's files. */
  scansProject: boolean;
  /** Local class name to generated names, for CSS modules. */
  classes: Record<string, string>;
}

export interface StyleContext {
  fs: ProjectFs;
  resolve(specifier: string, importer: string): string | null;
  /** The URL at which a browser finds an asset of the project. */
  assetUrl(id: string): string;
  /** Generates utilities where a sheet asks for Tailwind; null where the project does not use it. */
  tailwind: ((css: string, id: string) => Promise<string>) | null;
}

const preprocessors: Record<string, string> = {
  scss: "Sass",
  sass: "Sass",
  less: "Less",
  styl: "Stylus",
  stylus: "Stylus",
};

/**
 * One sheet ready for a browser: `@import`s of the project and its packages inlined, `url()`s rewritten, classes of
 * a CSS module scoped. Plain CSS goes through as it is. Throws a build failure for a preprocessor's language.
 */
export async function compileStyle(
  context: StyleContext,
  id: string,
  options: { source?: string; modules?: boolean; lang?: string } = {},
): Promise<CompiledStyle> {
  const lang = options.lang ?? /\.(\w+)$/.exec(pathOf(id))?.[1] ?? "css";
  refusePreprocessor(id, lang);
  const files: string[] = [];
  const source = options.source ?? context.fs.readText(pathOf(id));
  if (options.source === undefined) files.push(id);
  const wantsTailwind = /@import\s+["']tailwindcss|@tailwind\s|@plugin\s|@apply\s|@reference\s/.test(source);
  let css =
    wantsTailwind && context.tailwind
      ? await context.tailwind(source, id)
      : inlineImports({ context, files, seen: new Set([id]) }, source, id);
  const scansProject = wantsTailwind && context.tailwind !== null;
  if (scansProject) css = rewriteUrls(context, css, id);
  if (options.modules !== true) return { css, files, scansProject, classes: {} };
  return { ...scopeClasses(css, pathOf(id)), files, scansProject };
}

function refusePreprocessor(id: string, lang: string): void {
  const name = preprocessors[lang];
  if (name === undefined) return;
  const file = pathOf(id);
  throw buildFailure({
    message: `${file} is written in ${name}, which the built-in runtime does not compile. Use plain CSS (nesting works natively) or run this project in a server workspace.`,
    file,
    line: 1,
    column: 1,
    remedy: { label: "Run on a server", action: "use-server" },
  });
}

interface Inlining {
  context: StyleContext;
  files: string[];
  seen: Set<string>;
}

const comments = /\/\*[\s\S]*?\*\//g;
const importRule = /@import\s+(?:url\(\s*)?(["']?)([^"')\s;]+)\1\s*\)?([^;]*);/g;

function inlineImports(inlining: Inlining, source: string, id: string): string {
  const { context } = inlining;
  const text = rewriteUrls(context, source, id, /@import[^;]*;/g);
  const commented = [...text.matchAll(comments)].map(
    (match) => [match.index, match.index + match[0].length] as const,
  );
  return text.replace(
    importRule,
    (rule: string, _quote: string, specifier: string, media: string, offset: number) => {
      if (/^([a-z]+:)?\/\//i.test(specifier) || commented.some(([from, to]) => offset > from && offset < to))
        return rule;
      const target = resolveStyle(context, specifier, id);
      if (target === null) {
        throw buildFailure({
          message: `${pathOf(id)} imports ${specifier}, which does not exist.`,
          file: pathOf(id),
          line: source.slice(0, source.indexOf(rule)).split("\n").length,
          column: 1,
          remedy: { label: "Open the file", action: "open-file" },
        });
      }
      if (inlining.seen.has(target)) return "";
      inlining.seen.add(target);
      inlining.files.push(target);
      refusePreprocessor(target, /\.(\w+)$/.exec(target)?.[1] ?? "css");
      return wrapImported(inlineImports(inlining, context.fs.readText(pathOf(target)), target), media.trim());
    },
  );
}

/** `@import "x" layer(a) supports(b) screen` as the nested rules that mean the same. */
function wrapImported(css: string, conditions: string): string {
  let rest = conditions;
  let wrapped = css;
  const layer = /^layer(?:\(([^)]*)\))?\s*/.exec(rest);
  if (layer) rest = rest.slice(layer[0].length);
  const supports = /^supports\(((?:[^()]|\([^()]*\))*)\)\s*/.exec(rest);
  if (supports) rest = rest.slice(supports[0].length);
  if (rest.trim() !== "") wrapped = `@media ${rest.trim()} {\n${wrapped}\n}`;
  if (supports) wrapped = `@supports (${supports[1] ?? ""}) {\n${wrapped}\n}`;
  if (layer) wrapped = `@layer ${layer[1] ?? ""} {\n${wrapped}\n}`;
  return wrapped;
}

function resolveStyle(context: StyleContext, specifier: string, importer: string): string | null {
  const relative = context.fs.exists(joinId(dirname(importer), specifier).slice(1));
  if (relative && isBare(specifier)) return joinId(dirname(importer), specifier);
  return context.resolve(specifier.replace(/^~/, ""), importer);
}

function rewriteUrls(context: StyleContext, css: string, id: string, except?: RegExp): string {
  const kept = except
    ? [...css.matchAll(except)].map((match) => [match.index, match.index + match[0].length] as const)
    : [];
  return css.replace(
    /url\(\s*(["']?)([^"')]+)\1\s*\)/g,
    (whole: string, _quote: string, target: string, offset: number) => {
      const path = target.trim();
      if (kept.some(([from, to]) => offset > from && offset < to)) return whole;
      if (/^([a-z][a-z+.-]*:|\/\/|#|\/)/i.test(path) && !isProjectFile(context, path)) return whole;
      const [file = path, suffix = ""] = path.split(/(?=[?#])/, 2);
      const resolved = path.startsWith("/")
        ? file
        : context.resolve(/^[.@~#]/.test(file) ? file : `./${file}`, id);
      return resolved === null ? whole : `url("${context.assetUrl(resolved)}${suffix}")`;
    },
  );
}

function isProjectFile(context: StyleContext, path: string): boolean {
  const file = path.split(/[?#]/, 1)[0] ?? "";
  return (
    file.startsWith("/") &&
    !file.startsWith("//") &&
    context.fs.exists(file.slice(1)) &&
    !context.fs.exists(`public${file}`)
  );
}
