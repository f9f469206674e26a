import { buildFailure } from "../buildFailure.ts";
import { compileModule, type CompileContext } from "../compile/compileModule.ts";
import { compileStyle, hoistImports, type StyleContext } from "../compile/compileStyle.ts";
import { componentStyle } from "../compile/componentStyle.ts";
import { fileOf, moduleKind, pathOf } from "../compile/moduleKind.ts";
import { mimeType } from "../compile/mime.ts";
import { createBundleSource } from "../dev/bundleSource.ts";
import { environmentLiteral, packageDefines } from "../dev/environment.ts";
import { expandGlobs } from "../dev/expandGlobs.ts";
import { jsonModule } from "../dev/jsonModule.ts";
import { moduleScripts, replaceEnv } from "../dev/page.ts";
import { readProject } from "../dev/project.ts";
import { isBare, resolveModule, splitBare } from "../dev/resolveModule.ts";
import { tailwindFor } from "../dev/styleModules.ts";
import type { BundledChunk, BundleSource, Engine, LoadedModule } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import type { BuildResult, FileMap } from "../../runtime.ts";

/** Vite's limit: smaller assets go into the script or sheet as data URLs. */
const inlineBytes = 4096;

/**
 * The project as static files: scripts bundled and hashed, one sheet per entry page, assets hashed, `public/` copied,
 * pages rewritten. Throws `CoderError("bad_input")` with a build failure.
 */
export async function productionBuild(parts: { fs: ProjectFs; engine: Engine }): Promise<BuildResult> {
  return new Build(parts).run();
}

class Build {
  readonly #fs: ProjectFs;
  readonly #engine: Engine;
  readonly #context: CompileContext;
  readonly #files: FileMap = {};
  readonly #styles = new Map<string, string>();
  readonly #assets = new Map<string, string>();
  readonly #workers = new Map<string, string>();

  constructor({ fs, engine }: { fs: ProjectFs; engine: Engine }) {
    this.#fs = fs;
    this.#engine = engine;
    this.#context = { fs, engine, project: readProject(fs, "production"), mode: "production" };
  }

  async run(): Promise<BuildResult> {
    const pages = this.#fs
      .list()
      .filter((path) => path.endsWith(".html") && !/^(public|dist|build)\//.test(path));
    const entryPages = pages.filter(
      (path) => path === "index.html" || moduleScripts(this.#fs.readText(path)).length > 0,
    );
    if (!entryPages.includes("index.html")) {
      throw buildFailure({
        message: "The project has no index.html at its root, so there is nothing to build.",
      });
    }
    for (const path of this.#fs.list()) {
      if (path.startsWith("public/"))
        this.#files[path.slice("public/".length)] = this.#fs.readFile(path).slice();
    }
    const entries: Record<string, string> = {};
    for (const page of entryPages) {
      const name = page.replace(/\.html$/, "").replace(/[^\w-]+/g, "-");
      if (moduleScripts(this.#fs.readText(page)).length > 0) entries[name] = `\0page:${page}`;
    }
    const chunks = Object.keys(entries).length === 0 ? [] : await this.#bundle(entries);
    for (const chunk of chunks) this.#files[chunk.fileName] = chunk.code;
    await this.#bundleWorkers();
    for (const page of entryPages) await this.#page(page, chunks);
    return { files: this.#files };
  }

  #bundle(entries: Record<string, string>): Promise<BundledChunk[]> {
    const { project } = this.#context;
    return this.#engine.bundle({
      entries,
      source: this.#source(),
      define: {
        ...packageDefines("production"),
        "import.meta.env": environmentLiteral(project, "production"),
        "import.meta.hot": "undefined",
      },
      jsx:
        project.jsx.kind === "oxc"
          ? { ...project.jsx.options, development: false, refresh: false }
          : "preserve",
      minify: true,
      platform: "browser",
      entryFileNames: "assets/[name]-[hash].js",
      chunkFileNames: "assets/[name]-[hash].js",
      splitting: true,
    });
  }

  #source(): BundleSource {
    const resolve = (specifier: string, importer: string, kind: "import" | "require") =>
      resolveModule({ ...this.#resolution(), require: kind === "require" }, specifier, importer)?.id ?? null;
    const inner = createBundleSource({ compile: this.#context, resolve });
    return {
      resolve: (specifier, importer, kind) => {
        if (specifier.startsWith("\0page:")) return { id: specifier };
        if (/^(https?:)?\/\//.test(specifier)) return { id: specifier, external: true };
        const from =
          importer?.startsWith("\0page:") === true ? `/${importer.slice("\0page:".length)}` : importer;
        const found = inner.resolve(specifier, from, kind);
        if (found === null) {
          // Files of public/ are not part of the bundle.
          if (specifier.startsWith("/") && this.#fs.exists(`public${specifier}`))
            return { id: `/public${specifier}?url` };
          throw this.#missing(specifier, from ?? "/index.html");
        }
        return found;
      },
      load: (id) =>
        id.startsWith("\0page:") ? this.#pageModule(id.slice("\0page:".length)) : this.#load(id, inner),
    };
  }

  #resolution() {
    const { project } = this.#context;
    const conditions = [
      "module",
      "browser",
      "production",
      ...(project.framework === "svelte" ? ["svelte"] : []),
    ];
    return { fs: this.#fs, project, conditions, browser: true };
  }

  #missing(specifier: string, importer: string): Error {
    const file = pathOf(importer);
    const source = this.#fs.exists(file) ? this.#fs.readText(file) : "";
    const line = source.split("\n").findIndex((text) => text.includes(specifier)) + 1;
    const hint = isBare(specifier) ? ` Install it with: npm install ${splitBare(specifier).name}` : "";
    return buildFailure({
      message: `${file} imports ${specifier}, which ${isBare(specifier) ? "is not installed" : "does not exist"}.${hint}`,
      file,
      ...(line > 0 ? { line, column: 1 } : {}),
      remedy: { label: "Open the file", action: "open-file" },
    });
  }

  /** All module scripts of a page as one entry, in their order. */
  #pageModule(page: string): LoadedModule {
    const parts = moduleScripts(this.#fs.readText(page)).map(({ src, content }) => {
      if (src === null) return content;
      if (/^([a-z]+:)?\/\//i.test(src)) return "";
      return `import ${JSON.stringify(/^[./]/.test(src) ? src : `./${src}`)};`;
    });
    return { code: parts.join("\n"), type: "ts", sideEffects: true };
  }

  async #load(id: string, inner: BundleSource): Promise<LoadedModule> {
    const kind = moduleKind(id);
    switch (kind.kind) {
      case "style":
      case "component-style": {
        const part =
          kind.kind === "component-style"
            ? await componentStyle(this.#context, id)
            : { modules: kind.modules };
        const style = await compileStyle(this.#styleContext(), kind.file, part);
        this.#styles.set(id, style.css);
        return { code: classesModule(style.classes), type: "js", sideEffects: true };
      }
      case "inline": {
        const text = fileOf(id).endsWith(".css")
          ? (await compileStyle(this.#styleContext(), fileOf(id))).css
          : this.#dataUrl(fileOf(id), this.#fs.readFile(pathOf(id)));
        return { code: `export default ${JSON.stringify(text)};`, type: "js" };
      }
      case "url":
      case "asset":
        return { code: `export default ${JSON.stringify(this.#assetUrl(fileOf(id)))};`, type: "js" };
      case "raw":
        return { code: `export default ${JSON.stringify(this.#fs.readText(pathOf(id)))};`, type: "js" };
      case "json":
        return { code: jsonModule(this.#fs.readText(pathOf(id)), pathOf(id)), type: "js" };
      case "worker": {
        const url = this.#worker(fileOf(id));
        return {
          code: `export default class extends Worker { constructor(options) { super("${url}", { type: "module", ...options }); } }`,
          type: "js",
        };
      }
      default: {
        if (id.includes("/node_modules/") || id.startsWith("/@")) return inner.load(id);
        const module = await compileModule(this.#context, id);
        const { code } = expandGlobs(this.#fs, module.code, fileOf(id));
        return { code: this.#newUrls(code, fileOf(id)), type: "js" };
      }
    }
  }

  /** `new URL("./file", import.meta.url)`: the file becomes an asset, or a bundle of its own where a worker gets it. */
  #newUrls(code: string, id: string): string {
    let out = "";
    let at = 0;
    const pattern =
      /(new\s+(?:Shared)?Worker\(\s*)?new\s+URL\(\s*(["'`])([^"'`$]+)\2\s*,\s*import\.meta\.url\s*\)/g;
    for (const match of code.matchAll(pattern)) {
      const [whole, worker = "", , path = ""] = match;
      const file = resolveModule(this.#resolution(), isBare(path) ? `./${path}` : path, id)?.id;
      if (file === undefined) continue;
      const url = worker === "" ? this.#assetUrl(file) : this.#worker(file);
      out += `${code.slice(at, match.index)}${worker}new URL(${JSON.stringify(url)}, import.meta.url)`;
      at = match.index + whole.length;
    }
    return out + code.slice(at);
  }

  /**
   * The URL of a worker's bundle, which is made after the page's: Rolldown does not finish a bundle while one of its
   * hooks waits for another. So the name cannot carry a hash, and its place must not look as if it did.
   */
  #worker(file: string): string {
    const name = file.replace(/^.*\//, "").replace(/\.\w+$/, "");
    const taken = [...this.#workers.values()].filter((url) => url.startsWith(`/workers/${name}`)).length;
    const url = this.#workers.get(file) ?? `/workers/${name}${taken === 0 ? "" : taken + 1}/index.js`;
    this.#workers.set(file, url);
    return url;
  }

  async #bundleWorkers(): Promise<void> {
    // A worker may start others: the map grows while it is walked.
    for (const [file, url] of this.#workers) {
      const [chunk] = await this.#engine.bundle(this.#workerRequest(file));
      this.#files[url.slice(1)] = chunk?.code ?? "";
    }
  }

  #workerRequest(file: string) {
    return {
      entries: { worker: file },
      source: this.#source(),
      define: packageDefines("production"),
      jsx: "preserve" as const,
      minify: true,
      platform: "browser" as const,
      entryFileNames: "[name]-[hash].js",
      chunkFileNames: "[name]-[hash].js",
      splitting: false,
    };
  }

  #styleContext(): StyleContext {
    return {
      fs: this.#fs,
      resolve: (specifier, importer) => resolveModule(this.#resolution(), specifier, importer)?.id ?? null,
      assetUrl: (id) => this.#assetUrl(id),
      tailwind: tailwindFor(this.#fs, this.#context.project),
    };
  }

  /** Emits an asset once; small ones become data URLs. Files of public/ keep their names. */
  #assetUrl(id: string): string {
    if (id.startsWith("/public/")) return id.slice("/public".length);
    const known = this.#assets.get(id);
    if (known !== undefined) return known;
    const bytes = this.#fs.readFile(pathOf(id));
    const url =
      bytes.length < inlineBytes && !id.endsWith(".html")
        ? this.#dataUrl(id, bytes)
        : `/${this.#emit(id, bytes)}`;
    this.#assets.set(id, url);
    return url;
  }

  #dataUrl(id: string, bytes: Uint8Array): string {
    return `data:${mimeType(id).replace(/; charset=utf-8/, "")};base64,${bytes.toBase64()}`;
  }

  #emit(id: string, content: Uint8Array | string): string {
    const [, base = "asset", extension = ""] = /([^/]+?)(\.[^./]+)?$/.exec(id) ?? [];
    const name = `assets/${base}-${contentHash(content)}${extension}`;
    this.#files[name] = typeof content === "string" ? content : content.slice();
    return name;
  }

  async #page(page: string, chunks: BundledChunk[]): Promise<void> {
    const name = page.replace(/\.html$/, "").replace(/[^\w-]+/g, "-");
    const entry = chunks.find((chunk) => chunk.isEntry && chunk.name === name);
    let html = this.#fs.readText(page);
    html = html.replace(/<script\b([^>]*)>([\s\S]*?)<\/script>\s*/gi, (tag: string, attributes: string) =>
      /\btype\s*=\s*["']?module["']?/i.test(attributes) &&
      !/\bsrc\s*=\s*["']?([a-z]+:)?\/\//i.test(attributes)
        ? ""
        : tag,
    );
    html = await this.#linkedFiles(html, page);
    const css = entry ? this.#sheetOf(entry, chunks) : "";
    const head = [
      ...(entry ? [`<script type="module" crossorigin src="/${entry.fileName}"></script>`] : []),
      ...(entry ? entry.imports.map((file) => `<link rel="modulepreload" crossorigin href="/${file}">`) : []),
      ...(css === ""
        ? []
        : [`<link rel="stylesheet" crossorigin href="/${this.#emit(`/${name}.css`, css)}">`]),
    ].join("\n    ");
    const env = { ...this.#context.project.env, MODE: "production", BASE_URL: "/", DEV: "", PROD: "true" };
    html = replaceEnv(html, env);
    this.#files[page] = html.includes("</head>")
      ? html.replace("</head>", () => `  ${head}\n  </head>`)
      : `${head}\n${html}`;
  }

  /** Files that the page itself names: sheets, icons, images. */
  async #linkedFiles(html: string, page: string): Promise<string> {
    let out = html;
    for (const [, , path] of html.matchAll(/\b(href|src)\s*=\s*["']([^"'#?]+)["']/g)) {
      if (path === undefined || /^([a-z]+:|\/\/)/i.test(path)) continue;
      const id = resolveModule(this.#resolution(), /^[./]/.test(path) ? path : `./${path}`, `/${page}`)?.id;
      if (
        id === undefined ||
        id.endsWith(".html") ||
        this.#fs.exists(`public${path}`) ||
        id.startsWith("/public/")
      )
        continue;
      const url = id.endsWith(".css")
        ? `/${this.#emit(id, (await compileStyle(this.#styleContext(), id)).css)}`
        : id.endsWith(".js")
          ? `/${this.#emit(id, this.#fs.readFile(pathOf(id)))}`
          : this.#assetUrl(id);
      out = out.replaceAll(`"${path}"`, `"${url}"`).replaceAll(`'${path}'`, `'${url}'`);
    }
    return out;
  }

  /** Sheets in the order in which their modules run: static imports before the chunk, dynamic ones after. */
  #sheetOf(entry: BundledChunk, chunks: BundledChunk[]): string {
    const byFile = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
    const seen = new Set<string>();
    const order: string[] = [];
    const walk = (chunk: BundledChunk) => {
      if (seen.has(chunk.fileName)) return;
      seen.add(chunk.fileName);
      for (const file of chunk.imports) if (byFile.get(file)) walk(byFile.get(file) as BundledChunk);
      order.push(...chunk.moduleIds);
      for (const file of chunk.dynamicImports) if (byFile.get(file)) walk(byFile.get(file) as BundledChunk);
    };
    walk(entry);
    const listed = order.flatMap((id) => this.#styles.get(id) ?? []);
    // A sheet whose module was folded away still belongs to the page.
    const rest = [...this.#styles].filter(([id]) => !order.includes(id)).map(([, css]) => css);
    return hoistImports([...listed, ...rest].join("\n"));
  }
}

function classesModule(classes: Record<string, string>): string {
  const named = Object.entries(classes)
    .filter(([name]) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== "default")
    .map(([name, value]) => `const $${name} = ${JSON.stringify(value)};export { $${name} as ${name} };`);
  return `${named.join("")}export default ${JSON.stringify(classes)};`;
}

function contentHash(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const byte of bytes) {
    high = Math.imul(high ^ byte, 2654435761);
    low = Math.imul(low ^ byte, 1597334677);
  }
  return ((high >>> 0).toString(36) + (low >>> 0).toString(36)).slice(0, 8);
}
