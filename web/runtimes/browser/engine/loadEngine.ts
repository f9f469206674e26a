import type { Engine } from "./engine.ts";

/** Rolldown where there is shared memory, else esbuild; `wanted` overrides. Only the chosen one is downloaded. */
export async function loadEngine(wanted?: Engine["name"]): Promise<Engine> {
  const name = wanted ?? (typeof SharedArrayBuffer === "undefined" ? "esbuild" : "rolldown");
  if (name === "rolldown") {
    const { createRolldownEngine } = await import("./rolldownEngine.ts");
    return createRolldownEngine();
  }
  const { createEsbuildEngine } = await import("./esbuildEngine.ts");
  return createEsbuildEngine();
}
