import type { TransformOutput } from "../engine/engine.ts";
import type { CompiledModule } from "./compileModule.ts";

/** Served by the dev server: the React Refresh runtime of @vitejs/plugin-react. */
export const reactRefreshId = "/@react-refresh";

/** Runs before any module of the page: React reads the hook when it is first evaluated. */
export const reactRefreshPreamble = `import { injectIntoGlobalHook } from "${reactRefreshId}";
injectIntoGlobalHook(window);
window.$RefreshReg$ = () => {};
window.$RefreshSig$ = () => (type) => type;`;

/**
 * Makes a module with components a hot boundary. Two imports of one runtime: the registration has to be in place
 * before the module's body runs, and static imports are hoisted above everything.
 */
export function wrapReactRefresh(output: TransformOutput, id: string): CompiledModule {
  if (!/\$Refresh(Reg|Sig)\$/.test(output.code)) return { ...output, hot: false };
  const name = JSON.stringify(id);
  const head =
    `import * as RefreshRuntime from "${reactRefreshId}";` +
    `const $RefreshReg$ = (type, key) => RefreshRuntime.register(type, ${name} + " " + key);` +
    `const $RefreshSig$ = RefreshRuntime.createSignatureFunctionForTransform;`;
  const tail = `
import(import.meta.url).then((exports) => {
  RefreshRuntime.registerExportsForReactRefresh(${name}, exports);
  import.meta.hot?.accept((next) => {
    if (!next) return;
    const problem = RefreshRuntime.validateRefreshBoundaryAndEnqueueUpdate(${name}, exports, next);
    if (problem) import.meta.hot.invalidate(problem);
  });
});`;
  return { code: `${head}${output.code}\n${tail}`, map: output.map, hot: true };
}
