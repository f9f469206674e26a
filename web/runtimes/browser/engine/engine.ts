/** What the dev server and the build need from a compiler. Adapters: `rolldownEngine.ts`, `esbuildEngine.ts`. */

export interface JsxOptions {
  runtime: "automatic" | "classic";
  importSource: string;
  development: boolean;
  /** Adds React Refresh registrations. */
  refresh: boolean;
}

export interface ClassOptions {
  /** TypeScript's `experimentalDecorators`. */
  legacyDecorators: boolean;
  decoratorMetadata: boolean;
  /** `useDefineForClassFields: false`: fields are assigned, and declared ones without a value are dropped. */
  assignFields: boolean;
}

export interface TransformRequest {
  /** Module id; its extension tells the language. */
  id: string;
  code: string;
  /** "preserve" leaves JSX for another compiler. */
  jsx: JsxOptions | "preserve";
  /** Overrides the language of the extension. */
  lang?: "js" | "jsx" | "ts" | "tsx";
  classes?: ClassOptions;
  /** Keeps imports that the code does not use: a template that is compiled elsewhere may. */
  keepImports?: boolean;
  sourcemap: boolean;
}

export interface TransformOutput {
  code: string;
  /** Source map version 3, JSON. */
  map: string | null;
}

export interface LoadedModule {
  code: string | Uint8Array;
  type: "js" | "jsx" | "ts" | "tsx" | "json";
  /** False lets an unused import of the module disappear. */
  sideEffects?: boolean;
}

export interface BundleSource {
  /** The id of what `specifier` names, `external` to leave the import as it is, or null when nothing is there. */
  resolve(
    specifier: string,
    importer: string | null,
    kind?: "import" | "require",
  ): { id: string; external?: boolean } | null;
  load(id: string): LoadedModule | Promise<LoadedModule>;
}

export interface BundleRequest {
  /** Output name to module id. */
  entries: Record<string, string>;
  source: BundleSource;
  define: Record<string, string>;
  jsx: JsxOptions | "preserve";
  minify: boolean;
  platform: "browser" | "node";
  /** Patterns with [name] and [hash]. */
  entryFileNames: string;
  chunkFileNames: string;
  /** False puts everything into one file. */
  splitting: boolean;
}

export interface BundledChunk {
  fileName: string;
  code: string;
  isEntry: boolean;
  name: string;
  /** Ids of the modules in it, in execution order. */
  moduleIds: string[];
  imports: string[];
  dynamicImports: string[];
}

export interface Engine {
  readonly name: "rolldown" | "esbuild";
  /** Strips types and compiles JSX. Throws `CoderError` with a build failure and its position. */
  transform(request: TransformRequest): Promise<TransformOutput>;
  /** Bundles a module graph. Throws `CoderError` with a build failure. */
  bundle(request: BundleRequest): Promise<BundledChunk[]>;
}
