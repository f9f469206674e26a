import { parse } from "es-module-lexer/js";
import { buildFailure, codeFrame, positionAt } from "../buildFailure.ts";
import { pathOf } from "../compile/moduleKind.ts";

export interface FoundImport {
  specifier: string;
  /** Names that the statement takes ("default", "useState", "*"), for wrappers of CommonJS packages. */
  names: string[];
  dynamic: boolean;
  start: number;
  end: number;
}

/** A dynamic import of a text with gaps, such as import(`./pages/${name}.ts`). */
interface FoundGlob {
  /** "./pages/*.ts" */
  pattern: string;
  /** The whole expression, and the text within it. */
  start: number;
  end: number;
  text: string;
}

export interface ScannedModule {
  imports: FoundImport[];
  globs: FoundGlob[];
  usesHot: boolean;
  usesEnv: boolean;
  /** Reads `import.meta` for its own URL, or for who knows what. */
  usesUrl: boolean;
  /** Specifiers in `import.meta.hot.accept("./dep", …)`, or "self". */
  accepts: "self" | string[];
  /** Resolves specifiers when it runs, against its own URL. */
  resolvesItself: boolean;
}

/** The imports of a compiled module. Throws a build failure where it is not valid JavaScript. */
export function scanModule(code: string, id: string): ScannedModule {
  const imports: FoundImport[] = [];
  const globs: FoundGlob[] = [];
  let meta = false;
  let usesUrl = false;
  let computed = false;
  let found: ReturnType<typeof parse>[0];
  try {
    [found] = parse(code, id);
  } catch (thrown) {
    const { idx } = thrown as { idx?: number };
    const position = positionAt(code, idx ?? 0);
    throw buildFailure(
      {
        message: `${pathOf(id)} is not valid JavaScript.`,
        file: pathOf(id),
        ...position,
        detail: codeFrame(code, position),
      },
      thrown,
    );
  }
  for (const item of found) {
    if (item.type === "import-meta") {
      meta = true;
      usesUrl ||= !/^\.(hot|env)\b/.test(code.slice(item.end, item.end + 5));
      continue;
    }
    if (typeof item.specifier !== "string") {
      // To import itself again is no question of where something is.
      computed ||= code.slice(item.start, item.end).trim() !== "import.meta.url";
      continue;
    }
    const dynamic = item.type === "dynamic";
    if (dynamic && item.glob) {
      computed = true;
      const text = code.slice(item.start, item.end);
      globs.push({ pattern: item.specifier, start: item.importStart, end: item.importEnd, text });
      continue;
    }
    const statement = code.slice(item.importStart, item.start);
    imports.push({
      specifier: item.specifier,
      names: dynamic || item.type === "reexport-star" ? ["*"] : importedNames(statement),
      dynamic,
      // Of a dynamic import the lexer's range includes the quotes.
      start: dynamic ? item.start + 1 : item.start,
      end: dynamic ? item.end - 1 : item.end,
    });
  }
  const usesHot = meta && code.includes("import.meta.hot");
  return {
    imports,
    globs,
    usesHot,
    usesEnv: meta && code.includes("import.meta.env"),
    usesUrl,
    accepts: usesHot ? acceptsOf(code) : [],
    resolvesItself: computed || (meta && code.includes("import.meta.resolve")),
  };
}

/** Names of `import a, { b as c } from`, `import * as d from`, `export { e } from`. */
function importedNames(statement: string): string[] {
  const names: string[] = [];
  if (/\*/.test(statement)) names.push("*");
  const braces = /\{([^}]*)\}/.exec(statement)?.[1] ?? "";
  for (const part of braces.split(",")) {
    const name = part
      .trim()
      .split(/\s+as\s+/)[0]
      ?.trim();
    if (name !== undefined && name !== "" && !name.startsWith("type "))
      names.push(name.replace(/^["']|["']$/g, ""));
  }
  if (/^import\s+[\w$]+/.test(statement)) names.push("default");
  return names;
}

function acceptsOf(code: string): "self" | string[] {
  const dependencies: string[] = [];
  for (const match of code.matchAll(/import\.meta\.hot\??\.accept(Exports)?\(\s*([^)]?)/g)) {
    const next = match[2] ?? "";
    if (!/["'`[]/.test(next)) return "self";
    const rest = code.slice(match.index, match.index + 2000);
    const list = /accept\(\s*(\[[^\]]*\]|["'`][^"'`]+["'`])/.exec(rest)?.[1] ?? "";
    for (const [, specifier] of list.matchAll(/["'`]([^"'`]+)["'`]/g))
      if (specifier) dependencies.push(specifier);
  }
  return dependencies;
}

/** `code` with other specifiers at the places of `imports`. */
export function replaceSpecifiers(
  code: string,
  imports: FoundImport[],
  urlOf: (found: FoundImport) => string | null,
): string {
  let out = "";
  let at = 0;
  for (const found of [...imports].sort((a, b) => a.start - b.start)) {
    const url = urlOf(found);
    if (url === null) continue;
    out += code.slice(at, found.start) + url;
    at = found.end;
  }
  return out + code.slice(at);
}
