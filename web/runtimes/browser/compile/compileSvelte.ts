import { compile, compileModule as compileRunes, preprocess } from "svelte/compiler";
import { buildFailure, codeFrame } from "../buildFailure.ts";
import type { CompileContext, CompiledModule } from "./compileModule.ts";
import { fileOf, pathOf } from "./moduleKind.ts";

/** A Svelte component. Its own hot-update code keeps it mounted; its styles are a module of their own. */
export async function compileSvelte(
  context: CompileContext,
  id: string,
  source: string,
): Promise<CompiledModule> {
  const result = await run(context, id, source);
  const css =
    result.css === null
      ? ""
      : `\nimport ${JSON.stringify(`${fileOf(id)}?svelte&type=style&index=0&lang.css`)};`;
  const code = result.js.code + css;
  return { code, map: JSON.stringify(result.js.map), hot: code.includes("import.meta.hot") };
}

/** The compiled styles of a component. */
export async function svelteStyle(context: CompileContext, id: string, source: string): Promise<string> {
  return (await run(context, id, source)).css?.code ?? "";
}

async function run(context: CompileContext, id: string, source: string) {
  const filename = pathOf(id);
  try {
    const plain = await preprocess(source, scriptTypes(context), { filename });
    const development = context.mode === "development" && !id.includes("/node_modules/");
    return compile(plain.code, {
      filename,
      generate: "client",
      dev: development,
      hmr: development,
      css: "external",
    });
  } catch (thrown) {
    throw svelteFailure(thrown, id, source);
  }
}

/** `.svelte.ts` and `.svelte.js` modules with runes. */
export function compileSvelteRunes(id: string, code: string, development: boolean): CompiledModule {
  try {
    const { js } = compileRunes(code, { filename: pathOf(id), generate: "client", dev: development });
    return { code: js.code, map: JSON.stringify(js.map), hot: false };
  } catch (thrown) {
    throw svelteFailure(thrown, id, code);
  }
}

/** Svelte strips types itself; what is more than types (enums, parameter properties) it leaves to a preprocessor. */
function scriptTypes(context: CompileContext) {
  return {
    style: ({
      attributes,
      filename = "",
    }: {
      attributes: Record<string, string | boolean>;
      filename?: string;
    }) => {
      const { lang } = attributes;
      if (typeof lang !== "string" || /^(css|postcss|pcss)$/.test(lang)) return;
      throw buildFailure({
        message: `${filename} has styles in ${lang}, which the built-in runtime does not compile. Use plain CSS or run this project in a server workspace.`,
        file: filename,
        remedy: { label: "Run on a server", action: "use-server" },
      });
    },
    script: async ({
      content,
      attributes,
      filename = "",
    }: {
      content: string;
      attributes: Record<string, string | boolean>;
      filename?: string;
    }) => {
      if (
        attributes["lang"] !== "ts" ||
        !/\b(enum|namespace)\s+\w|constructor\s*\([^)]*\b(public|private|readonly)\b/.test(content)
      )
        return undefined;
      const enums = [...content.matchAll(/\benum\s+(\w+)/g)].flatMap(([, name]) => name ?? []);
      const { code } = await context.engine.transform({
        id: `/${filename}.ts`,
        // Named once more at the end: an enum that only the template uses would be taken for unused.
        code: `${content}\n;void [${enums.join(", ")}];`,
        lang: "ts",
        keepImports: true,
        jsx: "preserve",
        sourcemap: false,
      });
      return { code };
    },
  };
}

function svelteFailure(thrown: unknown, id: string, source: string): unknown {
  const { message, start, name } = thrown as {
    message: string;
    name?: string;
    start?: { line: number; column: number };
  };
  if (name === "CoderError") return thrown;
  const position = start ? { line: start.line, column: start.column + 1 } : undefined;
  return buildFailure(
    {
      message: `${pathOf(id)}: ${message.split("\n", 1)[0] ?? message}`,
      file: pathOf(id),
      ...position,
      detail: position ? codeFrame(source, position) : message,
      remedy: { label: "Open the file", action: "open-file" },
    },
    thrown,
  );
}
