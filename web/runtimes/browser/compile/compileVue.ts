import { compileScript, compileStyleAsync, compileTemplate, parse, rewriteDefault } from "@vue/compiler-sfc";
import type { SFCDescriptor } from "@vue/compiler-sfc";
import { buildFailure, codeFrame } from "../buildFailure.ts";
import type { CompileContext, CompiledModule } from "./compileModule.ts";
import { fileOf, pathOf } from "./moduleKind.ts";

/** A Vue single-file component as one module; its styles are modules of their own. */
export async function compileVue(
  context: CompileContext,
  id: string,
  source: string,
): Promise<CompiledModule> {
  const file = fileOf(id);
  const descriptor = parseComponent(file, source);
  const scope = scopeId(file);
  const development = context.mode === "development" && !id.includes("/node_modules/");
  const scoped = descriptor.styles.some((style) => style.scoped);
  const typed =
    (descriptor.script ?? descriptor.scriptSetup)?.lang === "ts" || descriptor.scriptSetup?.lang === "ts";
  const { main, map } = vueScript(descriptor, { id: file, scope, development });
  const parts = [main];
  if (descriptor.template && !usesInlineTemplate(descriptor, development)) {
    parts.push(vueTemplate(descriptor, { id: file, scope, typed }));
    parts.push("_sfc_main.render = render;");
  }
  descriptor.styles.forEach((style, index) => {
    const lang = style.lang ?? "css";
    const request = JSON.stringify(
      `${file}?vue&type=style&index=${index}${style.module ? "&module" : ""}&lang.${lang}`,
    );
    if (style.module) {
      const name = typeof style.module === "string" ? style.module : "$style";
      parts.push(
        `import style${index} from ${request};(_sfc_main.__cssModules ??= {})[${JSON.stringify(name)}] = style${index};`,
      );
    } else parts.push(`import ${request};`);
  });
  if (scoped) parts.push(`_sfc_main.__scopeId = "data-v-${scope}";`);
  parts.push(`_sfc_main.__file = ${JSON.stringify(pathOf(id))};`);
  if (development) parts.push(hotCode(scope, descriptor));
  parts.push("export default _sfc_main;");
  const joined = parts.join("\n");
  if (!typed) return { code: joined, map, hot: development };
  const output = await context.engine.transform({
    id: `${file}.ts`,
    code: joined,
    lang: "ts",
    jsx: "preserve",
    sourcemap: false,
  });
  return { code: output.code, map: null, hot: development };
}

function parseComponent(file: string, source: string): SFCDescriptor {
  const { descriptor, errors } = parse(source, { filename: pathOf(file), sourceMap: true });
  const [error] = errors;
  if (error) throw vueFailure(error, file, source);
  return descriptor;
}

/** In development the template is a function of its own, so that an edit of it keeps the component's state. */
function usesInlineTemplate(descriptor: SFCDescriptor, development: boolean): boolean {
  return !development && descriptor.scriptSetup !== null && descriptor.template?.src === undefined;
}

function vueScript(
  descriptor: SFCDescriptor,
  options: { id: string; scope: string; development: boolean },
): { main: string; map: string | null } {
  if (!descriptor.script && !descriptor.scriptSetup) return { main: "const _sfc_main = {};", map: null };
  try {
    const script = compileScript(descriptor, {
      id: options.scope,
      genDefaultAs: "_sfc_main",
      inlineTemplate: usesInlineTemplate(descriptor, options.development),
      isProd: !options.development,
      sourceMap: true,
      templateOptions: { scoped: descriptor.styles.some((style) => style.scoped), id: options.scope },
    });
    const main = /\b_sfc_main\b/.test(script.content)
      ? script.content
      : rewriteDefault(script.content, "_sfc_main");
    return { main, map: script.map ? JSON.stringify(script.map) : null };
  } catch (thrown) {
    throw vueFailure(thrown, options.id, descriptor.source);
  }
}

function vueTemplate(
  descriptor: SFCDescriptor,
  options: { id: string; scope: string; typed: boolean },
): string {
  const { template } = descriptor;
  if (!template) return "";
  if (template.lang !== undefined && template.lang !== "html") {
    throw buildFailure({
      message: `${pathOf(options.id)} has a template in ${template.lang}, which the built-in runtime does not compile.`,
      file: pathOf(options.id),
      line: template.loc.start.line,
      column: 1,
    });
  }
  const bindings =
    descriptor.scriptSetup || descriptor.script
      ? compileScript(descriptor, { id: options.scope, inlineTemplate: false }).bindings
      : undefined;
  const result = compileTemplate({
    source: template.content,
    ast: template.ast as never,
    filename: pathOf(options.id),
    id: options.scope,
    scoped: descriptor.styles.some((style) => style.scoped),
    slotted: descriptor.slotted,
    compilerOptions: {
      ...(bindings ? { bindingMetadata: bindings } : {}),
      ...(options.typed ? { expressionPlugins: ["typescript" as const] } : {}),
      scopeId: `data-v-${options.scope}`,
    },
  });
  const [error] = result.errors;
  if (error) throw vueFailure(error, options.id, descriptor.source);
  return result.code.replace(/\nexport (function|const) render/, "\n$1 render");
}

function hotCode(scope: string, descriptor: SFCDescriptor): string {
  const script = hash((descriptor.script?.content ?? "") + (descriptor.scriptSetup?.content ?? ""));
  return `_sfc_main.__hmrId = ${JSON.stringify(scope)};
export const _hot_script = ${JSON.stringify(script)};
if (typeof __VUE_HMR_RUNTIME__ !== "undefined") __VUE_HMR_RUNTIME__.createRecord(_sfc_main.__hmrId, _sfc_main);
import.meta.hot.accept((next) => {
  if (!next) return;
  const { default: updated, _hot_script: script } = next;
  if (script === _hot_script && updated.render) __VUE_HMR_RUNTIME__.rerender(updated.__hmrId, updated.render);
  else __VUE_HMR_RUNTIME__.reload(updated.__hmrId, updated);
});`;
}

/** One style block of a component, scoped where it asks for it, as input of `compileStyle`. */
export async function vueStyle(
  _context: CompileContext,
  part: { id: string; source: string; index: number },
): Promise<{ source: string; lang: string; modules: boolean }> {
  const descriptor = parseComponent(part.id, part.source);
  const style = descriptor.styles[part.index];
  if (!style) return { source: "", lang: "css", modules: false };
  const lang = style.lang ?? "css";
  const modules = style.module !== undefined && style.module !== false;
  if (lang !== "css" && lang !== "postcss") return { source: style.content, lang, modules };
  const result = await compileStyleAsync({
    source: style.content,
    filename: pathOf(part.id),
    id: `data-v-${scopeId(part.id)}`,
    scoped: style.scoped ?? false,
  });
  const [error] = result.errors;
  if (error) throw vueFailure(error, part.id, part.source);
  return { source: result.code, lang: "css", modules };
}

function scopeId(file: string): string {
  return hash(file);
}

function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}

function vueFailure(thrown: unknown, id: string, source: string): unknown {
  if (typeof thrown === "string")
    return buildFailure({ message: `${pathOf(id)}: ${thrown}`, file: pathOf(id) });
  const { message, loc } = thrown as { message: string; loc?: { start?: { line: number; column: number } } };
  const position = loc?.start ? { line: loc.start.line, column: loc.start.column } : positionIn(message);
  return buildFailure(
    {
      message: `${pathOf(id)}: ${message.split("\n", 1)[0]?.replace(/^\[.*?\]\s*/, "") ?? message}`,
      file: pathOf(id),
      ...position,
      detail: position ? codeFrame(source, position) : message,
      remedy: { label: "Open the file", action: "open-file" },
    },
    thrown,
  );
}

/** Babel puts "(3:5)" into its messages. */
function positionIn(message: string): { line: number; column: number } | undefined {
  const match = /\((\d+):(\d+)\)/.exec(message);
  return match ? { line: Number(match[1]), column: Number(match[2]) + 1 } : undefined;
}
