import { init, parse } from "es-module-lexer";

/** Names that an import statement takes: "default" and "*" included. */
function importedNames(statement: string): string[] {
  const names: string[] = [];
  const braces = /\{([^}]*)\}/.exec(statement);
  for (const part of braces?.[1]?.split(",") ?? []) {
    const name = part
      .trim()
      .split(/\s+as\s+/)[0]
      ?.trim();
    if (name) names.push(name);
  }
  return names;
}

const identifier = /^[A-Za-z_$][\w$]*$/;
const reserved = new Set(
  "default,delete,export,import,in,new,this,void,with,class,function,return,typeof,var,if,else,for,while,do,switch,case,try,catch,throw,null,true,false,enum,super,extends,const".split(
    ",",
  ),
);

/** A module whose exports are those of a builtin in the registry on the global. */
function moduleFor(name: string, names: Iterable<string>): string {
  const exported = [...new Set(names)].filter((each) => identifier.test(each) && !reserved.has(each));
  return [
    `const m = globalThis.__coderBuiltins[${JSON.stringify(name)}];`,
    "export default m;",
    ...exported.map((each) => `export const ${each} = m[${JSON.stringify(each)}];`),
  ].join("\n");
}

function toDataUrl(source: string): string {
  return `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
}

function builtinName(specifier: string, builtins: Record<string, object>): string | undefined {
  const name = specifier.replace(/^node:/, "");
  return Object.hasOwn(builtins, name) ? name : undefined;
}

/**
 * Makes a bundled script loadable in a worker, which has no resolution of `node:` modules: imports of builtins become
 * small modules over the registry, and `import.meta` becomes the entry's. Throws for a builtin that does not exist.
 */
export async function rewriteBuiltins(code: string, builtins: Record<string, object>): Promise<string> {
  await init();
  const [imports] = parse(code);
  let result = "";
  let last = 0;
  for (const entry of imports) {
    if (entry.type === "import-meta") {
      result += `${code.slice(last, entry.start)}globalThis.__coderImportMeta`;
      last = entry.end;
      continue;
    }
    const { specifier } = entry;
    if (typeof specifier !== "string") continue;
    const name = builtinName(specifier, builtins);
    if (name === undefined) {
      if (specifier.startsWith("node:") || /^[@\w]/.test(specifier.replace(/^[a-z]+:.*/, "")))
        throw new Error(`Cannot find module "${specifier}"`);
      continue;
    }
    const statement = code.slice(entry.importStart, entry.start);
    const url = toDataUrl(
      moduleFor(name, [...Object.keys(builtins[name] ?? {}), ...importedNames(statement)]),
    );
    // Of a dynamic import the range includes the quotes.
    result += code.slice(last, entry.start) + (entry.type === "dynamic" ? JSON.stringify(url) : url);
    last = entry.end;
  }
  return result + code.slice(last);
}
