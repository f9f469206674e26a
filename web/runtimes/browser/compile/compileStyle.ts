import { buildFailure, positionAt } from "../buildFailure.ts";
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
  css = hoistImports(css);
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
const importRule =
  /@import\s+(?:url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))\s*\)|"([^"]*)"|'([^']*)')([^;]*);/g;

/** The text with each match replaced, as `String.replace` with one argument: the match. */
export function replaceMatches(
  text: string,
  pattern: RegExp,
  replace: (match: RegExpExecArray) => string,
): string {
  let out = "";
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    out += text.slice(at, match.index) + replace(match);
    at = match.index + match[0].length;
  }
  return out + text.slice(at);
}

/** Imports of other origins stay imports, and those only count before all other rules. */
export function hoistImports(css: string): string {
  const hoisted: string[] = [];
  const commented = spans(css, comments);
  const rest = replaceMatches(css, importRule, (match) => {
    if (within(commented, match.index)) return match[0];
    hoisted.push(match[0]);
    return "";
  });
  return hoisted.length === 0 ? css : `${hoisted.join("\n")}\n${rest}`;
}

function inlineImports(inlining: Inlining, source: string, id: string): string {
  const { context } = inlining;
  const commented = spans(source, comments);
  // First the imports, on the text as written: what they bring in has its own URLs rewritten already.
  const imports: string[] = [];
  const held = replaceMatches(source, importRule, (match) => {
    const specifier = match.slice(1, 6).find((part) => part !== undefined) ?? "";
    if (within(commented, match.index)) return match[0];
    imports.push(
      /^([a-z]+:)?\/\//i.test(specifier)
        ? match[0]
        : inlineOne(
            inlining,
            { specifier, conditions: (match[6] ?? "").trim() },
            { source, id, offset: match.index },
          ),
    );
    return `@coder-import ${imports.length - 1};`;
  });
  return replaceMatches(
    rewriteUrls(context, held, id),
    /@coder-import (\d+);/g,
    ([, index]) => imports[Number(index)] ?? "",
  );
}

function inlineOne(
  inlining: Inlining,
  rule: { specifier: string; conditions: string },
  at: { source: string; id: string; offset: number },
): string {
  const { context } = inlining;
  const target = resolveStyle(context, rule.specifier, at.id);
  if (target === null) {
    throw buildFailure({
      message: `${pathOf(at.id)} imports ${rule.specifier}, which does not exist.`,
      file: pathOf(at.id),
      ...positionAt(at.source, at.offset),
      remedy: { label: "Open the file", action: "open-file" },
    });
  }
  if (inlining.seen.has(target)) return "";
  inlining.seen.add(target);
  inlining.files.push(target);
  refusePreprocessor(target, /\.(\w+)$/.exec(target)?.[1] ?? "css");
  return wrapImported(inlineImports(inlining, context.fs.readText(pathOf(target)), target), rule.conditions);
}

function spans(text: string, pattern: RegExp): (readonly [number, number])[] {
  return [...text.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const);
}

function within(ranges: (readonly [number, number])[], offset: number): boolean {
  return ranges.some(([from, to]) => offset > from && offset < to);
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

function rewriteUrls(context: StyleContext, css: string, id: string): string {
  return replaceMatches(css, /url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')]+))\s*\)/g, (match) => {
    const path = (match[1] ?? match[2] ?? match[3] ?? "").trim();
    if (/^([a-z][a-z+.-]*:|\/\/|#|\/)/i.test(path) && !isProjectFile(context, path)) return match[0];
    const [, file = path, query = "", fragment = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(path) ?? [];
    const resolved = path.startsWith("/")
      ? file
      : context.resolve(/^[.@~#]/.test(file) ? file : `./${file}`, id);
    if (resolved === null) return match[0];
    const url = context.assetUrl(resolved);
    // A query would become part of the data.
    return `url("${url}${url.startsWith("data:") ? "" : query}${fragment}")`;
  });
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
