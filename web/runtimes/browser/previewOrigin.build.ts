import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Plugin } from "vite";
import { clientName } from "./preview/previewProtocol.ts";
import { buildProcessWorker } from "./shell/runOrigin/processWorker.build.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(import.meta.url);

/** Node's modules that packages in the kernel ask for, and what stands for them in a worker. */
const nodeStandIns: Record<string, string> = {
  buffer: require.resolve("buffer/"),
  events: require.resolve("events/"),
  path: require.resolve("path-browserify"),
  stream: require.resolve("readable-stream"),
};

/**
 * Builds what the browser runtime serves as static files: the documents of preview and run origins into `outDir`
 * (`web/dist/preview-origin`), and the kernel worker with its compilers into `runtime/` beside it. README.md beside
 * this file lists names and headers.
 */
export async function buildPreviewOrigin(outDir: string): Promise<void> {
  await Promise.all([
    // One after the other: the documents remove the directory first.
    buildDocuments(outDir).then(() => buildProcessWorker(outDir)),
    buildClient().then((client) => buildKernel(join(outDir, "../runtime"), client)),
  ]);
}

async function buildDocuments(outDir: string): Promise<void> {
  const scripts = {
    relay: "relay.ts",
    run: "run.ts",
    connect: "connectPage.ts",
    tab: "tab.ts",
  };
  await rm(outDir, { recursive: true, force: true });
  const serviceWorker = await buildDocumentScript(outDir, { name: "sw", file: "serviceWorker.ts" });
  const define = { serviceWorkerHash: JSON.stringify(hashOf(serviceWorker)) };
  await Promise.all(
    Object.entries(scripts).map(([name, file]) => buildDocumentScript(outDir, { name, file }, define)),
  );
  for (const [name, html] of Object.entries(documents)) await writeFile(join(outDir, name), html);
}

/** Builds one script of `preview/` by itself, and returns it: a service worker cannot share chunks with others. */
async function buildDocumentScript(
  outDir: string,
  { name, file }: { name: string; file: string },
  define: Record<string, string> = {},
): Promise<string> {
  return buildScript(
    { outDir, emptyOutDir: false },
    { input: { [name]: join(here, "preview", file) }, output: { entryFileNames: "[name].js" } },
    define,
  );
}

/** The script that every page of a project gets; the kernel serves it. */
async function buildClient(): Promise<string> {
  return buildScript(
    { write: false },
    {
      input: join(here, "preview/client.ts"),
      // A script in the page instead of a module: it runs before anything else, and needs no request.
      output: { format: "iife", name: clientName },
      // Its exports are the hot-update API of every module of a project.
      preserveEntrySignatures: "strict",
    },
  );
}

async function buildScript(
  to: BuildOptions,
  rolldownOptions: NonNullable<BuildOptions["rolldownOptions"]>,
  define: Record<string, string> = {},
): Promise<string> {
  const built = await build({
    configFile: false,
    root: here,
    logLevel: "warn",
    publicDir: false,
    define,
    build: { ...to, target: "es2022", modulePreload: false, rolldownOptions },
  });
  const [result] = [built].flat();
  if (result === undefined || !("output" in result))
    throw new Error("A script of the preview was not built.");
  return result.output[0].code;
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

const head = (title: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><meta name="viewport" content="width=device-width">`;

const documents: Record<string, string> = {
  "relay.html": `${head("Preview relay")}<script type="module" src="/__coder/relay.js"></script></head><body></body></html>\n`,
  "run.html": `${head("Run")}<script type="module" src="/__coder/run.js"></script></head><body></body></html>\n`,
  "connect.html": `${head("Preview")}<style>body{font:16px/1.5 system-ui;margin:3rem;color-scheme:light dark}</style></head><body><h1>Opening the preview</h1><p>A preview is served by the Studio in the same browser. If nothing happens, open the project there first.</p><script type="module" src="/__coder/connect.js"></script></body></html>\n`,
  "tab.html": `${head("Preview")}<style>html,body,iframe{margin:0;border:0;width:100%;height:100%;display:block}</style></head><body><p>There is no such preview.</p><script type="module" src="/preview-origin/tab.js"></script></body></html>\n`,
};

async function buildKernel(outDir: string, client: string): Promise<void> {
  await build({
    configFile: false,
    root: here,
    base: "./",
    logLevel: "warn",
    publicDir: false,
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    resolve: { conditions: ["browser", "module", "import", "default"], alias: aliases() },
    plugins: [runtimeTexts(client), emptyNodeModules(), importsAtOnce()],
    worker: { format: "es", rolldownOptions: { output: { entryFileNames: "assets/[name]-[hash].js" } } },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 20_000,
      rolldownOptions: {
        input: { kernel: join(here, "kernel.worker.ts") },
        output: {
          entryFileNames: "[name].js",
          chunkFileNames: "assets/[name]-[hash].js",
          assetFileNames: "assets/[name]-[hash][extname]",
          // In one piece: what is split off is only asked for when the rest has been read.
          codeSplitting: {
            groups: [{ name: "kernel", test: kernelModule, includeDependenciesRecursively: true }],
          },
        },
      },
    },
  });
}

const kernelModule = /\/runtimes\/browser\/kernel\.ts$/;

/** The entry names what its imports import as well, so that all of it is asked for at once. */
function importsAtOnce(): Plugin {
  return {
    name: "coder-imports-at-once",
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk" || !chunk.isEntry) continue;
        const imports = new Set(chunk.imports);
        for (const name of imports) {
          const imported = bundle[name];
          if (imported?.type === "chunk") for (const next of imported.imports) imports.add(next);
        }
        const rest = [...imports].filter((name) => !chunk.imports.includes(name));
        chunk.code = rest.map((name) => `import "./${name}";`).join("") + chunk.code;
      }
    },
  };
}

function aliases() {
  return Object.entries(nodeStandIns).map(([name, path]) => ({
    find: new RegExp(`^(node:)?${name}/?$`),
    replacement: path,
  }));
}

/** Scripts that the dev server hands to previews as they are. */
function runtimeTexts(client: string): Plugin {
  const reactRefresh = join(dirname(require.resolve("@vitejs/plugin-react")), "refresh-runtime.js");
  const solidRefresh = require.resolve("solid-refresh").replace(/\.cjs$/, ".mjs");
  const texts: Record<string, () => Promise<string>> = {
    "virtual:preview-client": () => Promise.resolve(client),
    "virtual:react-refresh-runtime": () => readFile(reactRefresh, "utf8"),
    "virtual:solid-refresh-runtime": () => readFile(solidRefresh, "utf8"),
  };
  return {
    name: "coder-runtime-texts",
    enforce: "pre",
    resolveId: (id) => (id in texts ? `\0${id}` : null),
    load: async (id) => {
      const text = texts[id.slice(1)];
      return text === undefined || !id.startsWith("\0virtual:")
        ? null
        : `export const source = ${JSON.stringify(await text())};`;
    },
  };
}

/** Babel's helpers check their own arguments with it. */
const assertStandIn =
  'module.exports = (value, message) => { if (!value) throw new Error(message ?? "Assertion failed"); };';

/** What no stand-in exists for is empty: the packages only reach for it in paths that a worker never takes. */
function emptyNodeModules(): Plugin {
  return {
    name: "coder-empty-node-modules",
    enforce: "pre",
    resolveId: (id) =>
      id.startsWith("node:") || emptyModules.has(id.replace(/\/$/, "")) ? `\0node-empty:${id}` : null,
    load: (id) =>
      id.startsWith("\0node-empty:")
        ? id.endsWith("assert")
          ? assertStandIn
          : "module.exports = {};"
        : null,
  };
}

const emptyModules = new Set(
  "fs fs/promises url util assert process crypto os module tty v8 vm zlib child_process worker_threads net http https stream/web".split(
    " ",
  ),
);

if (import.meta.main) await buildPreviewOrigin(join(here, "../../dist/preview-origin"));
