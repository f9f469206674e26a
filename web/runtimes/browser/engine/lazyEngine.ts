import { buildFailure } from "../buildFailure.ts";
import type { Engine } from "./engine.ts";

/** An engine that is loaded when it is first asked for something, or when it is told to. */
export interface LazyEngine extends Engine {
  /** Rejects with a build failure where it cannot be loaded, and so does every question from then on. */
  load(): Promise<Engine>;
}

/** Rolldown where there is shared memory, else esbuild; `wanted` overrides. Only the chosen one is downloaded. */
export function lazyEngine(wanted?: Engine["name"]): LazyEngine {
  const name = wanted ?? (typeof SharedArrayBuffer === "undefined" ? "esbuild" : "rolldown");
  let loading: Promise<Engine> | undefined;
  const load = (): Promise<Engine> => {
    loading ??= (name === "rolldown" ? loadRolldown() : loadEsbuild()).catch((thrown: unknown) => {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      // A browser does not fetch a module again in the worker that it failed in.
      const message = `The compiler could not be loaded. Reload the page to try again. (${reason})`;
      throw buildFailure({ message }, thrown);
    });
    return loading;
  };
  return {
    name,
    load,
    transform: async (request) => (await load()).transform(request),
    bundle: async (request) => (await load()).bundle(request),
  };
}

/** For whoever can do without a compiler, or gives up: every question is refused, and none is loaded. */
export function noEngine(name: Engine["name"]): Engine {
  const refused = (): Promise<never> =>
    Promise.reject(buildFailure({ message: "There is no compiler here." }));
  return { name, transform: refused, bundle: refused };
}

async function loadRolldown(): Promise<Engine> {
  const { createRolldownEngine } = await import("./rolldownEngine.ts");
  return createRolldownEngine();
}

async function loadEsbuild(): Promise<Engine> {
  const { createEsbuildEngine } = await import("./esbuildEngine.ts");
  return createEsbuildEngine();
}
