import picomatch from "picomatch";
import { replaceMatches } from "../compile/compileStyle.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { dirname, joinId } from "./resolveModule.ts";

const call =
  /import\.meta\.glob(?:<[^>]*>)?\(\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|`[^`]*`)\s*(?:,\s*(\{[^}]*\}))?\s*,?\s*\)/g;

/** Replaces `import.meta.glob(patterns, options)` (https://vite.dev/guide/features#glob-import) by the object it means. */
export function expandGlobs(fs: ProjectFs, code: string, id: string): string {
  if (!code.includes("import.meta.glob")) return code;
  const imports: string[] = [];
  const body = replaceMatches(code, call, (match) => {
    const [, patterns = "", options] = match;
    const eager = /eager\s*:\s*true/.test(options ?? "");
    const query = /(?:query|as)\s*:\s*["'`]\??([^"'`]*)["'`]/.exec(options ?? "")?.[1];
    const name = /import\s*:\s*["'`]([^"'`]+)["'`]/.exec(options ?? "")?.[1];
    const entries = matches(fs, patterns, id).map((path, index) => {
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

function matches(fs: ProjectFs, patterns: string, id: string): string[] {
  const list = [...patterns.matchAll(/["'`]([^"'`]+)["'`]/g)].flatMap(([, pattern]) => pattern ?? []);
  const absolute = (pattern: string) => joinId(dirname(id), pattern);
  const included = picomatch(list.filter((pattern) => !pattern.startsWith("!")).map(absolute));
  const excluded = picomatch(
    list.filter((pattern) => pattern.startsWith("!")).map((pattern) => absolute(pattern.slice(1))),
  );
  return fs
    .list()
    .map((path) => `/${path}`)
    .filter((path) => path !== id && included(path) && !excluded(path));
}

/** Keys are relative to the importer where the pattern is. */
function relativeKey(path: string, id: string, patterns: string): string {
  if (!/["'`]\.{1,2}\//.test(patterns)) return path;
  const from = dirname(id).split("/").filter(Boolean);
  const to = path.split("/").filter(Boolean);
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared++;
  const up = "../".repeat(from.length - shared);
  return (up === "" ? "./" : up) + to.slice(shared).join("/");
}
