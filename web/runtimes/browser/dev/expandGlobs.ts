import picomatch from "picomatch";
import { replaceMatches } from "../compile/compileStyle.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { dirname, joinId } from "./resolveModule.ts";
import { scanModule } from "./rewriteImports.ts";

const call =
  /import\.meta\.glob(?:<[^>]*>)?\(\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|`[^`]*`)\s*(?:,\s*(\{[^}]*\}))?\s*,?\s*\)/g;

/**
 * Replaces `import.meta.glob(patterns, options)` (https://vite.dev/guide/features#glob-import) by the object it means,
 * and imports of a text with gaps (https://vite.dev/guide/features#dynamic-import) by a choice among the files there are.
 * `patterns` are those of the files that were looked for, from the project's root.
 */
export function expandGlobs(
  fs: ProjectFs,
  code: string,
  id: string,
): { code: string; patterns: readonly string[] } {
  const patterns: string[] = [];
  const lookFor: LookFor = (relative) => {
    const absolute = relative.map((pattern) =>
      pattern.startsWith("!") ? `!${joinId(dirname(id), pattern.slice(1))}` : joinId(dirname(id), pattern),
    );
    patterns.push(...absolute.filter((pattern) => !pattern.startsWith("!")));
    return matches(fs, absolute, id);
  };
  return { code: expandImports(expandCalls(code, id, lookFor), id, lookFor), patterns };
}

/** The files of patterns that may be relative to the module. */
type LookFor = (patterns: readonly string[]) => string[];

function expandImports(code: string, id: string, lookFor: LookFor): string {
  if (!/\bimport\s*\(\s*`/.test(code)) return code;
  let out = "";
  let at = 0;
  for (const { pattern, start, end, text } of scanModule(code, id).globs) {
    if (start < at || !/^\.{1,2}\//.test(pattern)) continue;
    // What is written in brackets is a folder's name.
    const patterns = [pattern.replace(/[[\](){}!]/g, "\\$&")];
    const loads = lookFor(patterns).map(
      (path) => `${JSON.stringify(relativeKey(path, id, patterns))}: () => import(${JSON.stringify(path)})`,
    );
    out += `${code.slice(at, start)}((path) => { const load = { ${loads.join(", ")} }[path]; return load ? load() : Promise.reject(new Error("No module matches " + path)); })(${text})`;
    at = end;
  }
  return out + code.slice(at);
}

function expandCalls(code: string, id: string, lookFor: LookFor): string {
  if (!code.includes("import.meta.glob")) return code;
  const imports: string[] = [];
  const body = replaceMatches(code, call, (match) => {
    const [, written = "", options] = match;
    const patterns = [...written.matchAll(/["'`]([^"'`]+)["'`]/g)].flatMap(([, pattern]) => pattern ?? []);
    const eager = /eager\s*:\s*true/.test(options ?? "");
    const query = /(?:query|as)\s*:\s*["'`]\??([^"'`]*)["'`]/.exec(options ?? "")?.[1];
    const name = /import\s*:\s*["'`]([^"'`]+)["'`]/.exec(options ?? "")?.[1];
    const entries = lookFor(patterns).map((path, index) => {
      const specifier = JSON.stringify(query === undefined ? path : `${path}?${query}`);
      const key = JSON.stringify(relativeKey(path, id, patterns));
      if (eager) {
        const local = `__glob_${match.index}_${index}`;
        imports.push(
          name === undefined
            ? `import * as ${local} from ${specifier};`
            : `import { ${name} as ${local} } from ${specifier};`,
        );
        return `${key}: ${local}`;
      }
      return `${key}: () => import(${specifier})${name === undefined ? "" : `.then((m) => m[${JSON.stringify(name)}])`}`;
    });
    return `({ ${entries.join(", ")} })`;
  });
  return imports.join("") + body;
}

function matches(fs: ProjectFs, patterns: readonly string[], id: string): string[] {
  const included = picomatch(patterns.filter((pattern) => !pattern.startsWith("!")));
  const excluded = picomatch(
    patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1)),
  );
  return fs
    .list()
    .map((path) => `/${path}`)
    .filter((path) => path !== id && included(path) && !excluded(path));
}

/** Keys are relative to the importer where the pattern is. */
function relativeKey(path: string, id: string, patterns: readonly string[]): string {
  if (!patterns.some((pattern) => /^\.{1,2}\//.test(pattern))) return path;
  const from = dirname(id).split("/").filter(Boolean);
  const to = path.split("/").filter(Boolean);
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared++;
  const up = "../".repeat(from.length - shared);
  return (up === "" ? "./" : up) + to.slice(shared).join("/");
}
