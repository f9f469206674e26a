import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { build } from "vite";

const require = createRequire(import.meta.url);

/** Node's modules that memfs and the builtins themselves are written on, and what stands for them in a worker. */
const standIns: Record<string, string> = {
  buffer: require.resolve("buffer/"),
  events: require.resolve("events/"),
  path: require.resolve("path-browserify"),
  stream: require.resolve("readable-stream"),
  string_decoder: require.resolve("string_decoder/"),
};

/** Modules that the bundled packages only name in paths that a worker never takes. */
function emptyNodeModules(): Plugin {
  return {
    name: "coder-empty-node-modules",
    enforce: "pre",
    resolveId: (id) => (/^node:|^(?:fs|url|util|assert|process)\/?$/.test(id) ? `\0empty:${id}` : null),
    load: (id) => (id.startsWith("\0empty:") ? "module.exports = {};" : null),
  };
}

/** The stand-ins read `process` and `global` while they load, before the worker has made its own. */
const preamble = `globalThis.global ??= globalThis; globalThis.process ??= { env: {}, nextTick: (f, ...a) => queueMicrotask(() => f(...a)), platform: "linux", cwd: () => "/", emitWarning() {} };`;

/**
 * Bundles the process worker into one script, `process.js`, which the run origin serves at `/__coder/process.js`.
 * Adds to `outDir` without emptying it.
 */
export async function buildProcessWorker(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: fileURLToPath(new URL(".", import.meta.url)),
    logLevel: "warn",
    publicDir: false,
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    resolve: {
      conditions: ["browser", "module", "import", "default"],
      alias: Object.entries(standIns).map(([name, path]) => ({
        find: new RegExp(`^(node:)?${name}/?$`),
        replacement: path,
      })),
    },
    plugins: [emptyNodeModules()],
    build: {
      outDir,
      emptyOutDir: false,
      target: "es2022",
      modulePreload: false,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 2000,
      rolldownOptions: {
        input: { process: fileURLToPath(new URL("processWorker.ts", import.meta.url)) },
        output: { entryFileNames: "[name].js", codeSplitting: false, banner: preamble },
      },
    },
  });
}

if (import.meta.main)
  await buildProcessWorker(fileURLToPath(new URL("../../../../dist/preview-origin", import.meta.url)));
