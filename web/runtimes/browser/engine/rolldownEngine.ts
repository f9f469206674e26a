import { rolldown } from "@rolldown/browser";
import { transformSync } from "@rolldown/browser/experimental";
import { buildFailure, codeFrame, positionAt } from "../buildFailure.ts";
import type {
  BundledChunk,
  BundleRequest,
  Engine,
  JsxOptions,
  TransformOutput,
  TransformRequest,
} from "./engine.ts";

/** The engine on @rolldown/browser: Oxc transforms and Rolldown bundles. Needs SharedArrayBuffer. */
export function createRolldownEngine(): Engine {
  return { name: "rolldown", transform, bundle };
}

function oxcJsx(jsx: JsxOptions | "preserve") {
  if (jsx === "preserve") return "preserve" as const;
  return {
    runtime: jsx.runtime,
    ...(jsx.runtime === "automatic" ? { importSource: jsx.importSource } : {}),
    development: jsx.development,
    // Full signatures: without them a hook's signature is a hash that the refresh runtime cannot compare across edits.
    ...(jsx.refresh ? { refresh: { emitFullSignatures: true } } : {}),
  };
}

/** Terminal colours; the escape character is written out because a pattern with one in it is unreadable. */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

interface NativeErrorLike {
  message: string;
  id?: string;
  loc?: { line: number; column: number; file?: string };
  pos?: number;
}

/**
 * The helpers that class transforms refer to as a global. Oxc has no inline mode, and a package of them would be one
 * more import that the project does not have.
 */
const classHelpers =
  "const babelHelpers = {" +
  "decorate(decorators, target, key, descriptor) {" +
  "let result = arguments.length < 3 ? target : descriptor === null ? (descriptor = Object.getOwnPropertyDescriptor(target, key)) : descriptor;" +
  "for (let i = decorators.length - 1; i >= 0; i--) { const d = decorators[i]; if (d) result = (arguments.length < 3 ? d(result) : arguments.length > 3 ? d(target, key, result) : d(target, key)) || result; }" +
  "return arguments.length > 3 && result && Object.defineProperty(target, key, result), result; }," +
  "decorateParam(index, decorator) { return (target, key) => decorator(target, key, index); }," +
  "decorateMetadata(key, value) { if (typeof Reflect === 'object' && typeof Reflect.metadata === 'function') return Reflect.metadata(key, value); }," +
  "defineProperty(target, key, value) { return Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true }), target; }" +
  "};";

async function transform(request: TransformRequest): Promise<TransformOutput> {
  const result = transformSync(request.id, request.code, {
    ...(request.lang === undefined ? {} : { lang: request.lang }),
    sourcemap: request.sourcemap,
    jsx: oxcJsx(request.jsx),
    tsconfig: false,
    // What an import is for is only known to the type checker; like Vite, drop those never used as values.
    typescript: {
      onlyRemoveTypeImports: request.keepImports ?? false,
      removeClassFieldsWithoutInitializer: request.classes?.assignFields ?? false,
    },
    helpers: { mode: "External" },
    assumptions: { setPublicClassFields: request.classes?.assignFields ?? false },
    decorator: {
      legacy: request.classes?.legacyDecorators ?? false,
      emitDecoratorMetadata: request.classes?.decoratorMetadata ?? false,
    },
  });
  // transformSync does not throw on a syntax error.
  const [error] = result.errors as NativeErrorLike[];
  if (error) throw failureFromNative(error, request);
  // One line before the code moves no line of the source map.
  const helpers = result.code.includes("babelHelpers.") ? classHelpers : "";
  return { code: helpers + result.code, map: result.map ? JSON.stringify(result.map) : null };
}

function failureFromNative(error: NativeErrorLike, origin: { id: string; code: string }) {
  const { id, code } = origin;
  const position = error.loc
    ? { line: error.loc.line, column: error.loc.column + 1 }
    : error.pos === undefined
      ? positionInMessage(error.message)
      : positionAt(code, error.pos);
  const file = id.replace(/\?.*$/, "").replace(/^\//, "");
  const firstLine = summary(error.message);
  return buildFailure(
    {
      message: `${file}: ${firstLine}`,
      file,
      ...(position ? { ...position, detail: codeFrame(code, position) } : { detail: error.message }),
      remedy: { label: "Open the file", action: "open-file" },
    },
    error,
  );
}

/** "Parse failure: …\nAt file: /src/a.ts:3:5" */
function positionInMessage(message: string): { line: number; column: number } | undefined {
  const match = /:(\d+):(\d+)/.exec(message);
  return match ? { line: Number(match[1]), column: Number(match[2]) } : undefined;
}

function summary(message: string): string {
  const plain = message.replace(colours, "");
  const lines = plain.split("\n").map((line) => line.trim());
  const line = lines.find((text) => text !== "" && !/^(parse failure|build failed)/i.test(text)) ?? plain;
  return line
    .replace(/^\[[A-Z_]+\]\s*(Error:)?\s*/, "")
    .replace(/^[×x]\s*/, "")
    .slice(0, 300);
}

async function bundle(request: BundleRequest): Promise<BundledChunk[]> {
  // Rolldown hands on only the message of what a hook throws.
  const thrownByHooks: unknown[] = [];
  const build = await rolldown({
    input: request.entries,
    cwd: "/",
    platform: request.platform,
    treeshake: true,
    logLevel: "silent",
    tsconfig: false,
    transform: { define: request.define, jsx: oxcJsx(request.jsx) },
    plugins: [sourcePlugin(request, thrownByHooks)],
  });
  try {
    const { output } = await build.generate({
      format: "esm",
      entryFileNames: request.entryFileNames,
      chunkFileNames: request.chunkFileNames,
      minify: request.minify,
      ...(request.splitting ? {} : { codeSplitting: false }),
    });
    return output.flatMap((item) => (item.type === "chunk" ? [chunkOf(item)] : []));
  } catch (thrown) {
    const [own] = thrownByHooks;
    throw own ?? bundleFailure(thrown);
  } finally {
    await build.close();
  }
}

function chunkOf(chunk: BundledChunk): BundledChunk {
  const { fileName, code, isEntry, name, moduleIds, imports, dynamicImports } = chunk;
  return { fileName, code, isEntry, name, moduleIds, imports, dynamicImports };
}

function sourcePlugin({ source }: BundleRequest, thrown: unknown[]) {
  // Rolldown also writes its own code and hook into the error: it gets one that is not used further.
  const noting = (error: unknown): Error => {
    thrown.push(error);
    return new Error(error instanceof Error ? error.message : String(error));
  };
  return {
    name: "coder-source",
    resolveId(specifier: string, importer: string | undefined, extra: { kind: string }) {
      try {
        const kind = extra.kind === "require-call" ? "require" : "import";
        const resolved = source.resolve(specifier, importer ?? null, kind);
        return resolved === null ? null : { id: resolved.id, external: resolved.external ?? false };
      } catch (error) {
        throw noting(error);
      }
    },
    async load(id: string) {
      try {
        const loaded = await source.load(id);
        const code = typeof loaded.code === "string" ? loaded.code : new TextDecoder().decode(loaded.code);
        return {
          code,
          moduleType: loaded.type,
          ...(loaded.sideEffects === undefined ? {} : { moduleSideEffects: loaded.sideEffects }),
        };
      } catch (error) {
        throw noting(error);
      }
    },
  };
}

/** Rolldown throws one error with `errors`. */
function bundleFailure(thrown: unknown): unknown {
  const errors = (thrown as { errors?: unknown[] }).errors ?? [thrown];
  const [first] = errors as NativeErrorLike[];
  if (!first) return thrown;
  const id = first.id ?? first.loc?.file ?? "";
  const file = id.replace(/\?.*$/, "").replace(/^\//, "");
  const message = summary(first.message);
  return buildFailure(
    {
      message: file === "" ? message : `${file}: ${message}`,
      ...(file === "" ? {} : { file }),
      ...(first.loc ? { line: first.loc.line, column: first.loc.column + 1 } : {}),
      detail: first.message.replace(colours, ""),
    },
    thrown,
  );
}
