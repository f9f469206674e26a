import * as esbuild from "esbuild-wasm";
import wasmUrl from "esbuild-wasm/esbuild.wasm?url";
import { buildFailure, codeFrame } from "../buildFailure.ts";
import type {
  BundledChunk,
  BundleRequest,
  Engine,
  JsxOptions,
  TransformOutput,
  TransformRequest,
} from "./engine.ts";

let ready: Promise<void> | undefined;

/** The engine on esbuild-wasm, for browsers without SharedArrayBuffer. It has no React Refresh: edits reload. */
export async function createEsbuildEngine(): Promise<Engine> {
  // We are in a worker already: a second one would only add a copy of every message.
  ready ??= esbuild.initialize({ wasmURL: wasmUrl, worker: false });
  await ready;
  return { name: "esbuild", transform, bundle };
}

function jsxOptions(jsx: JsxOptions | "preserve"): esbuild.CommonOptions {
  if (jsx === "preserve") return { jsx: "preserve" };
  if (jsx.runtime === "classic") return { jsx: "transform" };
  return { jsx: "automatic", jsxImportSource: jsx.importSource, jsxDev: jsx.development };
}

function languageOf(id: string): esbuild.Loader {
  const extension = /\.(\w+)$/.exec(id)?.[1] ?? "js";
  return extension === "tsx" || extension === "jsx" ? extension : /^[cm]?ts$/.test(extension) ? "ts" : "js";
}

async function transform(request: TransformRequest): Promise<TransformOutput> {
  try {
    const result = await esbuild.transform(request.code, {
      loader: request.lang ?? languageOf(request.id),
      sourcefile: request.id,
      sourcemap: request.sourcemap ? "external" : false,
      format: "esm",
      target: "esnext",
      tsconfigRaw: {
        compilerOptions: {
          experimentalDecorators: request.classes?.legacyDecorators ?? false,
          verbatimModuleSyntax: request.keepImports ?? false,
          useDefineForClassFields: request.classes?.assignFields !== true,
        },
      },
      ...jsxOptions(request.jsx),
    });
    return { code: result.code, map: result.map === "" ? null : result.map };
  } catch (thrown) {
    throw failureFrom(thrown, request.code);
  }
}

function failureFrom(thrown: unknown, code?: string): unknown {
  const [error] = (thrown as { errors?: esbuild.Message[] }).errors ?? [];
  if (!error) return thrown;
  if (error.detail instanceof Error) return error.detail;
  const file = error.location?.file.replace(/^\w+:/, "").replace(/^\//, "").replace(/\?.*$/, "");
  const position = error.location
    ? { line: error.location.line, column: error.location.column + 1 }
    : undefined;
  return buildFailure(
    {
      message: file === undefined ? error.text : `${file}: ${error.text}`,
      ...(file === undefined ? {} : { file }),
      ...position,
      ...(position && code !== undefined ? { detail: codeFrame(code, position) } : {}),
    },
    thrown,
  );
}

async function bundle(request: BundleRequest): Promise<BundledChunk[]> {
  try {
    const result = await esbuild.build({
      entryPoints: Object.entries(request.entries).map(([out, id]) => ({ in: `entry:${id}`, out })),
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      target: "esnext",
      outdir: "/",
      platform: request.platform === "node" ? "node" : "browser",
      define: request.define,
      minify: request.minify,
      splitting: request.splitting,
      entryNames: request.entryFileNames.replace(/\.js$/, ""),
      chunkNames: request.chunkFileNames.replace(/\.js$/, ""),
      logLevel: "silent",
      ...jsxOptions(request.jsx),
      plugins: [sourcePlugin(request)],
    });
    return chunksOf(result, request.entries);
  } catch (thrown) {
    throw failureFrom(thrown);
  }
}

function sourcePlugin({ source }: BundleRequest): esbuild.Plugin {
  return {
    name: "coder-source",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => {
        if (args.path.startsWith("entry:"))
          return { path: args.path.slice("entry:".length), namespace: "coder" };
        const kind = args.kind === "require-call" ? "require" : "import";
        const resolved = source.resolve(args.path, args.importer === "" ? null : args.importer, kind);
        if (resolved === null) return { errors: [{ text: `Cannot find ${args.path}` }] };
        return resolved.external === true
          ? { path: resolved.id, external: true }
          : { path: resolved.id, namespace: "coder" };
      });
      build.onLoad({ filter: /.*/, namespace: "coder" }, async (args) => {
        try {
          const loaded = await source.load(args.path);
          return { contents: loaded.code, loader: loaded.type };
        } catch (thrown) {
          const text = thrown instanceof Error ? thrown.message : String(thrown);
          return { errors: [{ text, detail: thrown }] };
        }
      });
    },
  };
}

function chunksOf(
  result: esbuild.BuildResult<{ write: false; metafile: true }>,
  entries: Record<string, string>,
): BundledChunk[] {
  const names = new Map(Object.entries(entries).map(([name, id]) => [id, name]));
  return result.outputFiles.map((file) => {
    const fileName = file.path.replace(/^\//, "");
    const meta = result.metafile.outputs[fileName];
    const entry = meta?.entryPoint?.replace(/^coder:/, "");
    return {
      fileName,
      code: file.text,
      isEntry: entry !== undefined,
      name: (entry === undefined ? undefined : names.get(entry)) ?? "chunk",
      moduleIds: Object.keys(meta?.inputs ?? {}).map((input) => input.replace(/^coder:/, "")),
      imports: (meta?.imports ?? [])
        .filter((item) => item.kind === "import-statement")
        .map((item) => item.path),
      dynamicImports: (meta?.imports ?? [])
        .filter((item) => item.kind === "dynamic-import")
        .map((item) => item.path),
    };
  });
}
