import type { CompileContext } from "./compileModule.ts";
import { readSource } from "./compileModule.ts";
import { fileOf, moduleKind } from "./moduleKind.ts";

/** The n-th style block of a Vue or Svelte component, as input of `compileStyle`. */
export async function componentStyle(
  context: CompileContext,
  id: string,
): Promise<{ source: string; lang: string; modules: boolean }> {
  const kind = moduleKind(id);
  const index = kind.kind === "component-style" ? kind.index : 0;
  const file = fileOf(id);
  const source = readSource(context.fs, file);
  if (file.endsWith(".vue")) {
    const { vueStyle } = await import("./compileVue.ts");
    return vueStyle(context, { id: file, source, index });
  }
  const { svelteStyle } = await import("./compileSvelte.ts");
  return { source: await svelteStyle(context, file, source), lang: "css", modules: false };
}
