import { transformSync, traverse } from "@babel/core";
import solidPreset from "babel-preset-solid";
import solidRefresh from "solid-refresh/babel";
import { buildFailure, codeFrame } from "../buildFailure.ts";
import type { CompileContext, CompiledModule } from "./compileModule.ts";
import { keepPlainJsx } from "./keepPlainJsx.ts";
import { fileOf, pathOf } from "./moduleKind.ts";

type Options = NonNullable<Parameters<typeof transformSync>[1]>;

/** The same objects for every module: Babel keeps what it makes of a plugin and its options by their identity. */
const shared: Options = {
  babelrc: false,
  configFile: false,
  browserslistConfigFile: false,
  sourceType: "module",
  parserOpts: { plugins: ["jsx"] },
};
const forDevelopment: Options = {
  ...shared,
  sourceMaps: true,
  presets: [[solidPreset, { dev: true }]],
  plugins: [keepPlainJsx, [solidRefresh, { bundler: "vite" }]],
};
const forProduction: Options = { ...shared, sourceMaps: false, presets: [[solidPreset, { dev: false }]] };

/** JSX of Solid with Babel; types are left in and stripped by the engine, which is faster at it. */
export async function compileSolid(
  context: CompileContext,
  id: string,
  source: string,
): Promise<CompiledModule> {
  const development = context.mode === "development" && !id.includes("/node_modules/");
  const typed = await context.engine.transform({
    id: fileOf(id),
    code: source,
    jsx: "preserve",
    sourcemap: development,
  });
  try {
    const result = transformSync(typed.code, {
      ...(development ? forDevelopment : forProduction),
      filename: id,
      ...(typed.map === null ? {} : { inputSourceMap: JSON.parse(typed.map) as never }),
    });
    const code = result?.code ?? "";
    return {
      code,
      map: result?.map ? JSON.stringify(result.map) : null,
      hot: code.includes("import.meta.hot"),
    };
  } catch (thrown) {
    const { message, loc } = thrown as { message: string; loc?: { line: number; column: number } };
    const position = loc ? { line: loc.line, column: loc.column + 1 } : undefined;
    throw buildFailure(
      {
        message: `${pathOf(id)}: ${message.split("\n", 1)[0]?.replace(/^.*?: /, "") ?? message}`,
        file: pathOf(id),
        ...position,
        detail: position ? codeFrame(source, position) : message,
        remedy: { label: "Open the file", action: "open-file" },
      },
      thrown,
    );
  } finally {
    // Else Babel's caches hold each tree until the next large collection, and the small ones take 30 ms instead of 5.
    // No other transformation can be under way: this one was synchronous.
    traverse.cache.clear();
  }
}
