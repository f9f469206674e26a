import { failureOf, buildFailure, positionAt } from "../buildFailure.ts";
import { compileModule, type CompileContext } from "../compile/compileModule.ts";
import { compileStyle, type StyleContext } from "../compile/compileStyle.ts";
import { fileOf, moduleKind, needsImportMark, pathOf } from "../compile/moduleKind.ts";
import { mimeType } from "../compile/mime.ts";
import { reactRefreshId } from "../compile/reactRefresh.ts";
import type { Engine } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import type { HotMessage } from "../preview/previewProtocol.ts";
import type { FileChange, PreviewFailure } from "../../runtime.ts";
import { createBundleSource } from "./bundleSource.ts";
import { environmentLiteral } from "./environment.ts";
import { jsonModule } from "./jsonModule.ts";
import { expandGlobs } from "./expandGlobs.ts";
import { ModuleGraph, type ModuleNode } from "./moduleGraph.ts";
import { clientUrl, devPage, moduleScripts } from "./page.ts";
import { covers, prebundle, type Dependency, type Prebundle, type PrebundleCache } from "./prebundle.ts";
import { isProjectManifest, readProject, type Project } from "./project.ts";
import { isBare, isNodeBuiltin, resolveModule, splitBare, type Resolved } from "./resolveModule.ts";
import { replaceSpecifiers, scanModule, type FoundImport, type ScannedModule } from "./rewriteImports.ts";
import { isScanned, styleClassesModule, tailwindFor } from "./styleModules.ts";

export interface DevResponse {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

export interface DevServerOptions {
  fs: ProjectFs;
  engine: Engine;
  lockHash: string;
  cache: PrebundleCache;
  /** Sends to all pages of the project that are open. */
  hot(message: HotMessage): void;
  /** The project does not build, or builds again (null). */
  onFailure(failure: PreviewFailure | null): void;
}

interface Compiled {
  /** Compiled, with the imports as written. */
  code: string;
  map: string | null;
  scan: ScannedModule;
  /** The files that went in, its own first. */
  files: string[];
  /** A sheet that is generated from what all other files contain. */
  scansProject: boolean;
}

/** A Vite-like dev server (https://vite.dev/guide/api-hmr) over the project's files, as `request -> response`. */
export class DevServer {
  readonly #options: DevServerOptions;
  readonly #graph = new ModuleGraph();
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #dependencies = new Map<string, Dependency>();
  #project: Project;
  #bundle: Prebundle | null = null;
  #bundling: Promise<Prebundle> | null = null;
  #version = 0;
  #failure: PreviewFailure | null = null;
  /** A page was served while something was broken: only a reload can repair it. */
  #servedBroken = false;

  constructor(options: DevServerOptions) {
    this.#options = options;
    this.#project = readProject(options.fs, "development");
  }

  get failure(): PreviewFailure | null {
    return this.#failure;
  }

  get project(): Project {
    return this.#project;
  }

  /**
   * Compiles everything that the page will ask for and bundles its packages, so that the first request is fast and
   * a project that does not build is known before anyone looks. Throws `CoderError` with a build failure.
   */
  async start(): Promise<void> {
    try {
      const html = this.#pageFile("/");
      if (html === null) {
        throw buildFailure({
          message: "The project has no index.html at its root, so there is no page to show.",
          remedy: { label: "Run on a server", action: "use-server" },
        });
      }
      await this.#crawl(html);
      await this.#ensureBundle();
    } catch (thrown) {
      this.#setFailure(failureOf(thrown));
      throw thrown;
    }
    this.#setFailure(null);
  }

  async #crawl(html: string): Promise<void> {
    const seen = new Set<string>();
    let wave: string[] = [];
    for (const script of moduleScripts(html)) {
      if (script.src === null) {
        for (const found of scanModule(script.content, "/index.html").imports)
          this.#enqueue(wave, found, "/index.html");
      } else if (!/^([a-z]+:)?\/\//i.test(script.src)) {
        const resolved = this.#resolve(
          script.src.startsWith("/") ? script.src : `./${script.src}`,
          "/index.html",
        );
        if (resolved === null) throw this.#missing("index.html", script.src, html.indexOf(script.src));
        wave.push(resolved.id);
      }
    }
    while (wave.length > 0) {
      const next: string[] = [];
      const fresh = wave.filter((id) => !seen.has(id));
      for (const id of fresh) seen.add(id);
      const compiled = await Promise.all(fresh.map((id) => this.#compile(id)));
      compiled.forEach((module, index) => {
        for (const found of module.scan.imports) this.#enqueue(next, found, fresh[index] ?? "/");
      });
      wave = next;
    }
  }

  #enqueue(wave: string[], found: FoundImport, importer: string): void {
    const target = this.#target(found, importer);
    if (target.kind === "module" && !target.id.startsWith("/@")) wave.push(target.id);
  }

  /** What an import leads to. Bare ones are noted as dependencies. Throws a build failure where nothing is there. */
  #target(
    found: FoundImport,
    importer: string,
  ):
    | { kind: "external"; url: string }
    | { kind: "dependency"; specifier: string }
    | { kind: "module"; id: string } {
    const { specifier } = found;
    if (/^([a-z][a-z+.-]*:)?\/\/|^(data|blob|https?):/i.test(specifier))
      return { kind: "external", url: specifier };
    if (specifier.startsWith("/@") || specifier === clientUrl) return { kind: "external", url: specifier };
    if (isNodeBuiltin(specifier) && this.#resolve(specifier, importer) === null) {
      return { kind: "external", url: `/@empty/${encodeURIComponent(specifier)}.js` };
    }
    const resolved = this.#resolve(specifier, importer);
    if (resolved === null) {
      if (found.dynamic && !isBare(specifier)) return { kind: "external", url: specifier };
      throw this.#missingImport(found, importer);
    }
    if (resolved.bare !== undefined && isBundled(resolved.id)) {
      this.#noteDependency(specifier, resolved, found.names);
      return { kind: "dependency", specifier };
    }
    return { kind: "module", id: resolved.id };
  }

  #noteDependency(specifier: string, resolved: Resolved, names: string[]): void {
    const known = this.#dependencies.get(specifier);
    if (known) for (const name of names) known.names.add(name);
    else
      this.#dependencies.set(specifier, {
        specifier,
        id: resolved.id,
        names: new Set(names.filter((name) => name !== "*")),
      });
  }

  #resolve(specifier: string, importer: string): Resolved | null {
    const conditions = [
      "module",
      "browser",
      "development",
      ...(this.#project.framework === "svelte" ? ["svelte"] : []),
    ];
    const context = { fs: this.#options.fs, project: this.#project, conditions, browser: true };
    const found = resolveModule(context, specifier, importer);
    if (found !== null) return found;
    if (specifier === "solid-refresh") return { id: "/@solid-refresh", bare: specifier };
    // Root-absolute imports may name files of public/.
    return null;
  }

  #missing(file: string, specifier: string, offset: number): Error {
    const position = positionAt(this.#options.fs.readText(file), offset);
    return buildFailure({
      message: `${file} refers to ${specifier}, which does not exist.`,
      file,
      ...position,
      remedy: { label: "Open the file", action: "open-file" },
    });
  }

  #missingImport(found: FoundImport, importer: string): Error {
    const { fs } = this.#options;
    const file = pathOf(importer);
    const source = fs.exists(file) ? fs.readText(file) : "";
    const offset = source.search(
      new RegExp(`["'\`]${found.specifier.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["'\`]`),
    );
    const position = offset === -1 ? {} : positionAt(source, offset);
    const { name } = splitBare(found.specifier);
    const declared = name in this.#project.dependencies;
    const message = !isBare(found.specifier)
      ? `${file} imports ${found.specifier}, which does not exist.`
      : declared
        ? `${file} imports ${found.specifier}, which the installed package ${name} does not have.`
        : `${file} imports ${found.specifier}, which is not in package.json. Install it with: npm install ${name}`;
    return buildFailure({
      message,
      file,
      ...position,
      remedy: { label: "Open the file", action: "open-file" },
    });
  }

  // ---- compiling -----------------------------------------------------------------------------------------------

  #compile(id: string): Promise<Compiled> {
    const known = this.#compiled.get(id);
    if (known) return known;
    const compiling = this.#compileNow(id);
    this.#compiled.set(id, compiling);
    // A failed module is tried again when someone asks: its file may not have changed, but what it imports.
    compiling.catch(() => this.#compiled.delete(id));
    return compiling;
  }

  async #compileNow(id: string): Promise<Compiled> {
    const { fs } = this.#options;
    const kind = moduleKind(id);
    const file = fileOf(id);
    if (!fs.exists(pathOf(id))) {
      throw buildFailure({ message: `${pathOf(id)} does not exist.`, file: pathOf(id) });
    }
    let files = [file];
    let code: string;
    let map: string | null = null;
    let scansProject = false;
    switch (kind.kind) {
      case "style":
      case "component-style": {
        const style = await this.#style(id);
        files = [file, ...style.files];
        scansProject = style.scansProject;
        code = styleClassesModule(id, style);
        break;
      }
      case "raw":
        code = `export default ${JSON.stringify(fs.readText(pathOf(id)))};`;
        break;
      case "json":
        code = jsonModule(fs.readText(pathOf(id)), pathOf(id));
        break;
      case "inline":
        code = `export default ${JSON.stringify(await this.#inline(id))};`;
        break;
      case "url":
      case "asset":
        code = `export default ${JSON.stringify(this.#assetUrl(file))};`;
        break;
      case "worker":
        code = `export default class extends Worker { constructor(options) { super(${JSON.stringify(file)}, { type: "module", ...options }); } }`;
        break;
      default: {
        const module = await compileModule(this.#context(), id);
        code = expandGlobs(fs, module.code, file);
        map = module.map;
      }
    }
    return { code, map, scan: scanModule(code, id), files, scansProject };
  }

  #context(): CompileContext {
    return {
      fs: this.#options.fs,
      project: this.#project,
      engine: this.#options.engine,
      mode: "development",
    };
  }

  #styleContext(): StyleContext {
    const { fs } = this.#options;
    return {
      fs,
      resolve: (specifier, importer) => this.#resolve(specifier, importer)?.id ?? null,
      assetUrl: (id) => this.#assetUrl(id),
      tailwind: tailwindFor(fs, this.#project),
    };
  }

  async #style(id: string) {
    const kind = moduleKind(id);
    if (kind.kind !== "component-style") {
      return compileStyle(this.#styleContext(), fileOf(id), {
        modules: kind.kind === "style" && kind.modules,
      });
    }
    const { componentStyle } = await import("../compile/componentStyle.ts");
    const part = await componentStyle(this.#context(), id);
    const style = await compileStyle(this.#styleContext(), kind.file, part);
    return { ...style, files: [kind.file, ...style.files] };
  }

  async #inline(id: string): Promise<string> {
    if (/\.css$/.test(fileOf(id))) return (await compileStyle(this.#styleContext(), fileOf(id))).css;
    const bytes = this.#options.fs.readFile(pathOf(id));
    return `data:${mimeType(fileOf(id))};base64,${bytes.toBase64()}`;
  }

  /** Files of public/ are served from the root. */
  #assetUrl(id: string): string {
    return id.startsWith("/public/") ? id.slice("/public".length) : id;
  }

  // ---- packages ------------------------------------------------------------------------------------------------

  #ensureBundle(): Promise<Prebundle> {
    if (this.#bundle && covers(this.#bundle, this.#dependencies.values()))
      return Promise.resolve(this.#bundle);
    this.#bundling ??= this.#makeBundle().finally(() => {
      this.#bundling = null;
    });
    return this.#bundling;
  }

  async #makeBundle(): Promise<Prebundle> {
    const { engine, fs, lockHash, cache } = this.#options;
    const source = createBundleSource({
      compile: this.#context(),
      resolve: (specifier, importer, kind) => {
        const conditions = [
          "module",
          "browser",
          "development",
          ...(this.#project.framework === "svelte" ? ["svelte"] : []),
        ];
        const context = {
          fs,
          project: this.#project,
          conditions,
          browser: true,
          require: kind === "require",
        };
        return resolveModule(context, specifier, importer)?.id ?? null;
      },
    });
    const hadOne = this.#bundle !== null;
    const bundle = await prebundle(
      { engine, project: this.#project, source, read: (id) => readPackageFile(fs, id), lockHash, cache },
      [...this.#dependencies.values()],
    );
    const changed = this.#bundle?.hash !== bundle.hash;
    this.#bundle = bundle;
    // Pages hold modules of the old bundle; two copies of one framework in a page do not work.
    if (hadOne && changed) this.#options.hot({ type: "full-reload" });
    return bundle;
  }

  // ---- serving -------------------------------------------------------------------------------------------------

  /** Answers a request for `url` (path and query). Never throws: failures become responses and `onFailure`. */
  async handle(request: { url: string; destination: string; accept: string }): Promise<DevResponse> {
    try {
      return await this.#route(request);
    } catch (thrown) {
      const failure = failureOf(thrown);
      this.#servedBroken = true;
      this.#setFailure(failure);
      return textResponse(500, failure.detail ? `${failure.message}\n\n${failure.detail}` : failure.message);
    }
  }

  async #route(request: { url: string; destination: string; accept: string }): Promise<DevResponse> {
    const { fs } = this.#options;
    const at = request.url.indexOf("?");
    const path = decodeURIComponent(at === -1 ? request.url : request.url.slice(0, at));
    const query = new URLSearchParams(at === -1 ? "" : request.url.slice(at));
    if (path.startsWith("/@")) return this.#virtual(path);
    const wantsPage = request.destination === "document" || request.destination === "iframe";
    if (!wantsPage) {
      const imported = query.has("import");
      query.delete("import");
      query.delete("t");
      const rest = query.toString().replace(/=(?=&|$)/g, "");
      const id = path + (rest === "" ? "" : `?${rest}`);
      const isModule = imported || (!needsImportMark(path) && request.destination !== "image");
      if (isModule && fs.exists(path.slice(1)) && fs.stat(path.slice(1)).kind === "file")
        return this.#module(id);
      if (/\.css$/.test(path) && fs.exists(path.slice(1))) {
        const style = await compileStyle(this.#styleContext(), path);
        return { status: 200, headers: headersFor("x.css"), body: style.css };
      }
    }
    for (const file of [`public${path}`, path.slice(1)]) {
      if (
        file !== "" &&
        !file.endsWith("/") &&
        fs.exists(file) &&
        fs.stat(file).kind === "file" &&
        !/\.html$/.test(file)
      ) {
        return { status: 200, headers: headersFor(file), body: fs.readFile(file) };
      }
    }
    if (wantsPage || request.accept.includes("text/html")) return this.#page(path);
    return textResponse(404, `${path} is not a file of this project.`);
  }

  async #page(path: string): Promise<DevResponse> {
    const html = this.#pageFile(path);
    if (html === null) return textResponse(404, "The project has no index.html.");
    await this.#ensureBundle();
    if (this.#failure === null) this.#servedBroken = false;
    return { status: 200, headers: headersFor("index.html"), body: devPage(html, this.#project) };
  }

  #pageFile(path: string): string | null {
    const { fs } = this.#options;
    const plain = path.replace(/^\//, "").replace(/\/$/, "");
    const candidates = [
      plain,
      `${plain}.html`,
      plain === "" ? "index.html" : `${plain}/index.html`,
      "index.html",
    ];
    const file = candidates.find((name) => name.endsWith(".html") && fs.exists(name));
    return file === undefined ? null : fs.readText(file);
  }

  async #virtual(path: string): Promise<DevResponse> {
    if (path === reactRefreshId) {
      const { reactRefreshRuntime } = await import("../compile/reactRefreshRuntime.ts");
      return { status: 200, headers: headersFor("x.js"), body: reactRefreshRuntime };
    }
    if (path.startsWith("/@empty/")) {
      return {
        status: 200,
        headers: headersFor("x.js"),
        body: emptyModule(decodeURIComponent(path.slice(8, -3))),
      };
    }
    const file = this.#bundle?.files[path] ?? (await this.#ensureBundle()).files[path];
    if (file === undefined)
      return textResponse(404, `${path} is of an older bundle of packages; reload the page.`);
    return {
      status: 200,
      headers: { ...headersFor("x.js"), "cache-control": "max-age=31536000, immutable" },
      body: file,
    };
  }

  async #module(id: string): Promise<DevResponse> {
    const compiled = await this.#compile(id);
    const targets = new Map(compiled.scan.imports.map((found) => [found, this.#target(found, id)]));
    const bundle = [...targets.values()].some((target) => target.kind === "dependency")
      ? await this.#ensureBundle()
      : null;
    const imports = new Set<string>();
    for (const target of targets.values()) if (target.kind === "module") imports.add(target.id);
    this.#graph.setImports(id, imports);
    const node = this.#graph.node(id);
    node.files = compiled.files;
    node.scansProject = compiled.scansProject;
    const { accepts } = compiled.scan;
    node.accepts =
      accepts === "self" ? "self" : accepts.flatMap((specifier) => this.#resolve(specifier, id)?.id ?? []);
    const code = replaceSpecifiers(compiled.code, compiled.scan.imports, (found) => {
      const target = targets.get(found);
      if (target === undefined) return null;
      if (target.kind === "external") return target.url;
      if (target.kind === "dependency") return bundle?.urls[target.specifier] ?? null;
      return this.#urlOf(target.id);
    });
    const head =
      (compiled.scan.usesHot
        ? `import { createHotContext as __coder_hot } from "${clientUrl}";import.meta.hot = __coder_hot(${JSON.stringify(id)});`
        : "") +
      (compiled.scan.usesEnv ? `import.meta.env = ${environmentLiteral(this.#project, "development")};` : "");
    const map =
      compiled.map === null
        ? ""
        : `\n//# sourceMappingURL=data:application/json;base64,${btoaUtf8(compiled.map)}`;
    return { status: 200, headers: headersFor("x.js"), body: head + code + map };
  }

  #urlOf(id: string): string {
    const version = this.#graph.get(id)?.version ?? 0;
    const extra = [...(needsImportMark(id) ? ["import"] : []), ...(version > 0 ? [`t=${version}`] : [])].join(
      "&",
    );
    return extra === "" ? id : `${id}${id.includes("?") ? "&" : "?"}${extra}`;
  }

  /** The source position of a position in a served module, for runtime errors. */
  async sourcePosition(
    url: string,
    position: { line: number; column: number },
  ): Promise<{ file: string; line: number; column: number } | null> {
    const id = url.replace(/([?&])(import|t=\d+)(?=&|$)/g, "").replace(/\?$/, "");
    const compiled = await this.#compiled.get(id);
    if (!compiled) return null;
    if (compiled.map === null) return { file: pathOf(id), ...position };
    const { TraceMap, originalPositionFor } = await import("@jridgewell/trace-mapping");
    const original = originalPositionFor(new TraceMap(compiled.map), {
      line: position.line,
      column: Math.max(0, position.column - 1),
    });
    if (original.line === null) return { file: pathOf(id), ...position };
    return { file: pathOf(id), line: original.line, column: original.column + 1 };
  }

  // ---- changes -------------------------------------------------------------------------------------------------

  /** Takes changed files: tells open pages what to replace, or to reload. */
  async update(changes: FileChange[]): Promise<void> {
    const version = ++this.#version;
    const paths = changes.map((change) => change.path);
    if (paths.some(isProjectManifest)) this.#restart();
    const touched = new Set(paths.map((path) => `/${path}`));
    for (const file of touched) {
      this.#compiled.delete(file);
      for (const id of this.#compiled.keys()) if (fileOf(id) === file) this.#compiled.delete(id);
      for (const node of this.#affected(file)) this.#compiled.delete(node.id);
    }
    const wasBroken = this.#failure !== null;
    const messages: HotMessage = { type: "update", updates: [] };
    let reload = paths.some(
      (path) => isProjectManifest(path) || /\.html$/.test(path) || path.startsWith("public/"),
    );
    for (const file of touched) {
      for (const node of this.#affected(file)) {
        const boundaries = this.#graph.boundariesOf(node.id, version);
        if (boundaries === null) reload = true;
        else
          for (const boundary of boundaries)
            messages.updates.push({ ...boundary, url: this.#urlOf(boundary.acceptedPath) });
      }
    }
    if (!wasBroken && !reload && messages.updates.length === 0) return;
    if (!(await this.#recompile(wasBroken || reload, messages))) return;
    if (reload || (wasBroken && this.#servedBroken)) {
      this.#servedBroken = false;
      this.#options.hot({ type: "full-reload" });
    } else if (messages.updates.length > 0) {
      this.#options.hot({ ...messages, updates: unique(messages.updates) });
    }
  }

  /** Compiles what pages are about to ask for; false (and the failure is reported) where it does not build. */
  async #recompile(everything: boolean, message: Extract<HotMessage, { type: "update" }>): Promise<boolean> {
    try {
      if (everything) {
        const html = this.#pageFile("/");
        if (html !== null) await this.#crawl(html);
      }
      for (const { acceptedPath } of message.updates) {
        const compiled = await this.#compile(acceptedPath);
        const wave: string[] = [];
        for (const found of compiled.scan.imports) this.#enqueue(wave, found, acceptedPath);
        await Promise.all(wave.map((id) => this.#compile(id)));
      }
      await this.#ensureBundle();
      this.#setFailure(null);
      return true;
    } catch (thrown) {
      this.#setFailure(failureOf(thrown));
      return false;
    }
  }

  /** Modules made from a file: its own, those that took it in, and sheets generated from all files. */
  #affected(file: string): ModuleNode[] {
    const scanned = isScanned(file);
    return this.#graph
      .nodes()
      .filter(
        (node) => fileOf(node.id) === file || node.files.includes(file) || (scanned && node.scansProject),
      );
  }

  #restart(): void {
    this.#project = readProject(this.#options.fs, "development");
    this.#compiled.clear();
  }

  /** A page could not take an update in a module: its importers are asked. */
  invalidate(id: string): void {
    const node = this.#graph.get(id);
    if (!node) return;
    const version = ++this.#version;
    const updates = [...node.importers].flatMap((importer) => {
      const boundaries = this.#graph.boundariesOf(importer, version);
      return boundaries === null ? [null] : boundaries;
    });
    if (updates.length === 0 || updates.includes(null)) this.#options.hot({ type: "full-reload" });
    else {
      const found = updates.filter((update) => update !== null);
      this.#options.hot({
        type: "update",
        updates: unique(found.map((update) => ({ ...update, url: this.#urlOf(update.acceptedPath) }))),
      });
    }
  }

  #setFailure(failure: PreviewFailure | null): void {
    if (failure === null && this.#failure === null) return;
    this.#failure = failure;
    this.#options.onFailure(failure);
  }
}

function isBundled(id: string): boolean {
  return id.startsWith("/@") || (id.includes("/node_modules/") && !needsImportMark(id));
}

function readPackageFile(fs: ProjectFs, id: string): string {
  return id.startsWith("/@") ? "export {}" : fs.readText(pathOf(id));
}

function unique<T extends { path: string; acceptedPath: string }>(updates: T[]): T[] {
  return [...new Map(updates.map((update) => [`${update.path}\0${update.acceptedPath}`, update])).values()];
}

function headersFor(path: string): Record<string, string> {
  return { "content-type": mimeType(path), "cache-control": "no-cache" };
}

function textResponse(status: number, body: string): DevResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    body,
  };
}

function emptyModule(name: string): string {
  return `export default new Proxy({}, { get(_, key) { throw new Error("${name}." + String(key) + " is a module of Node and does not exist in a browser."); } });`;
}

function btoaUtf8(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}
