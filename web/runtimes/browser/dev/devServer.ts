import { failureOf, buildFailure } from "../buildFailure.ts";
import { compileStyle } from "../compile/compileStyle.ts";
import { fileOf, needsImportMark, pathOf } from "../compile/moduleKind.ts";
import { mimeType } from "../compile/mime.ts";
import { reactRefreshId } from "../compile/reactRefresh.ts";
import type { Engine } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { clientName, type HotMessage } from "../preview/previewProtocol.ts";
import type { FileChange, PreviewFailure } from "../../runtime.ts";
import { environmentLiteral } from "./environment.ts";
import { ImportTargets } from "./importTargets.ts";
import { ModuleCompiler } from "./moduleCompiler.ts";
import { ModuleGraph, type ModuleNode } from "./moduleGraph.ts";
import { PackageBundle } from "./packageBundle.ts";
import { devPage, mapInlineModules, moduleScripts } from "./page.ts";
import type { PrebundleCache } from "./prebundle.ts";
import { previewClient } from "./previewClient.ts";
import { isProjectManifest, readProject, type Project } from "./project.ts";
import { replaceSpecifiers, scanModule, type FoundImport } from "./rewriteImports.ts";
import { isScanned } from "./styleModules.ts";

interface DevRequest {
  /** Path and query. */
  url: string;
  /** `Request.destination`. */
  destination: string;
  accept: string;
  /** Asked for by a `<script>` that is not a module: it gets the file as it is. */
  classic: boolean;
}

interface DevResponse {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

interface DevServerOptions {
  fs: ProjectFs;
  engine: Engine;
  lockHash: string;
  cache: PrebundleCache;
  /** Sends to all pages of the project that are open. */
  hot(message: HotMessage): void;
  onProgress(message: string): void;
  /** The project does not build, or builds again (null). */
  onFailure(failure: PreviewFailure | null): void;
}

/** A module that the page will ask for; an optional one is only reached by dynamic imports. */
interface Wanted {
  id: string;
  optional: boolean;
}

/** The first time takes 110 ms, the tenth 30, and from about the thirtieth on it is 16. */
const rehearsals = 30;
/** Long enough for the page's own requests to come in between, and for all of it to be done before somebody edits. */
const rehearsalPauseMs = 120;

/** Beyond these the page finds out by itself: the list is made before the page is sent. */
const preloadLimit = 100;

/** A Vite-like dev server (https://vite.dev/guide/api-hmr) over the project's files, as `request -> response`. */
export class DevServer {
  readonly #options: DevServerOptions;
  readonly #graph = new ModuleGraph();
  readonly #targets: ImportTargets;
  readonly #compiler: ModuleCompiler;
  readonly #packages: PackageBundle;
  #project: Project;
  #version = 0;
  #failure: PreviewFailure | null = null;
  /** A page was served while something was broken: only a reload can repair it. */
  #servedBroken = false;

  constructor(options: DevServerOptions) {
    this.#options = options;
    this.#project = readProject(options.fs, "development");
    const { fs, engine } = options;
    const project = () => this.#project;
    this.#targets = new ImportTargets(fs, project);
    this.#compiler = new ModuleCompiler({ fs, engine, project, targets: this.#targets });
    this.#packages = new PackageBundle({
      ...options,
      project,
      targets: this.#targets,
      compile: () => this.#compiler.context(),
      onProgress: (modules) => options.onProgress(`Bundling packages: ${modules} modules`),
      // Pages hold modules of the old bundle; two copies of one framework in a page do not work.
      onReplaced: () => options.hot({ type: "full-reload" }),
    });
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
      await this.#packages.bundle();
    } catch (thrown) {
      this.#setFailure(failureOf(thrown));
      throw thrown;
    }
    this.#setFailure(null);
  }

  /**
   * Compiles modules again while nobody waits, for nothing but practice: the browser runs Babel several times faster
   * once it has seen it run for a while, and otherwise the first edits would be that while. Ends with the first change.
   */
  async rehearse(): Promise<void> {
    const version = this.#version;
    for (let round = 0; round < rehearsals; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, rehearsalPauseMs));
      if (this.#version !== version || !(await this.#compiler.rehearse())) return;
    }
  }

  async #crawl(html: string): Promise<void> {
    const seen = new Set<string>();
    let wave = this.#entriesOf(html);
    while (wave.length > 0) {
      const fresh = wave.filter(({ id }) => !seen.has(id) && seen.add(id));
      wave = (await Promise.all(fresh.map((module) => this.#visit(module)))).flat();
    }
  }

  #entriesOf(html: string): Wanted[] {
    return moduleScripts(html).flatMap(({ src, content }) => {
      if (src === null) {
        return scanModule(content, "/index.html").imports.flatMap((found) =>
          this.#wanted(found, "/index.html", false),
        );
      }
      if (/^([a-z]+:)?\/\//i.test(src)) return [];
      const resolved = this.#targets.resolve(src.startsWith("/") ? src : `./${src}`, "/index.html");
      if (resolved === null) throw this.#targets.missing("index.html", src, html.indexOf(src));
      return [{ id: resolved.id, optional: false }];
    });
  }

  async #visit({ id, optional }: Wanted): Promise<Wanted[]> {
    try {
      const { scan } = await this.#compiler.compile(id);
      return scan.imports.flatMap((found) => this.#wanted(found, id, optional));
    } catch (thrown) {
      // What is only imported on demand may be broken as long as nobody demands it.
      if (optional) return [];
      throw thrown;
    }
  }

  #wanted(found: FoundImport, importer: string, optional: boolean): Wanted[] {
    const target = this.#targets.of(found, importer);
    if (target.kind !== "module" || target.id.startsWith("/@")) return [];
    return [{ id: target.id, optional: optional || found.dynamic }];
  }

  // ---- serving -------------------------------------------------------------------------------------------------

  /** Answers a request for `url` (path and query). Never throws: failures become responses and `onFailure`. */
  async handle(request: DevRequest): Promise<DevResponse> {
    try {
      return await this.#route(request);
    } catch (thrown) {
      const failure = failureOf(thrown);
      this.#servedBroken = true;
      this.#setFailure(failure);
      return textResponse(500, failure.detail ? `${failure.message}\n\n${failure.detail}` : failure.message);
    }
  }

  async #route(request: DevRequest): Promise<DevResponse> {
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
      const isModule =
        !request.classic && (imported || (!needsImportMark(path) && request.destination !== "image"));
      if (isModule && fs.exists(path.slice(1)) && fs.stat(path.slice(1)).kind === "file")
        return this.#module(id);
      if (path.endsWith(".css") && fs.exists(path.slice(1))) {
        const style = await compileStyle(this.#compiler.styleContext(), path);
        return { status: 200, headers: headersFor("x.css"), body: style.css };
      }
    }
    for (const file of [`public${path}`, path.slice(1)]) {
      if (
        file !== "" &&
        !file.endsWith("/") &&
        fs.exists(file) &&
        fs.stat(file).kind === "file" &&
        !file.endsWith(".html")
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
    if (this.#failure === null) this.#servedBroken = false;
    const linked = await mapInlineModules(html, async (code) => {
      const { imports } = scanModule(code, "/index.html");
      return (await this.#link(code, imports, "/index.html")).code;
    });
    const modules = await this.#preloads(html);
    return {
      status: 200,
      headers: headersFor("index.html"),
      body: devPage(linked, this.#project, { client: previewClient, modules }),
    };
  }

  /** URLs of the modules and packages that a page comes to by static imports, the nearest first. */
  async #preloads(html: string): Promise<string[]> {
    try {
      const { urls: packages } = await this.#packages.bundle();
      // The page names its entries itself, in its own words.
      const entries = new Set(this.#entriesOf(html).map(({ id }) => id));
      const found = new Set(entries);
      const urls = new Set<string>();
      // What is added on the way is visited as well.
      for (const id of found) {
        if (urls.size >= preloadLimit) break;
        const url = this.#urlOf(id);
        if (!entries.has(id) && !url.startsWith("data:")) urls.add(url);
        const { scan } = await this.#compiler.compile(id);
        for (const imported of scan.imports.filter(({ dynamic }) => !dynamic)) {
          const target = this.#targets.of(imported, id);
          if (target.kind === "module") found.add(target.id);
          const bundled = target.kind === "dependency" ? packages[target.specifier] : undefined;
          if (bundled !== undefined) urls.add(bundled);
        }
      }
      return [...urls];
    } catch {
      // The page's own request for the module that does not build reports it; the page itself has to arrive.
      return [];
    }
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
    const file = (await this.#packages.bundle()).files[path];
    if (file === undefined)
      return textResponse(404, `${path} is of an older bundle of packages; reload the page.`);
    return {
      status: 200,
      headers: { ...headersFor("x.js"), "cache-control": "max-age=31536000, immutable" },
      body: file,
    };
  }

  async #module(id: string): Promise<DevResponse> {
    const compiled = await this.#compiler.compile(id);
    const { code, imported } = await this.#link(compiled.code, compiled.scan.imports, id);
    this.#graph.setImports(id, imported);
    const node = this.#graph.node(id);
    node.files = compiled.files;
    node.scansProject = compiled.scansProject;
    const { accepts, usesHot, usesEnv } = compiled.scan;
    node.accepts =
      accepts === "self"
        ? "self"
        : accepts.flatMap((specifier) => this.#targets.resolve(specifier, id)?.id ?? []);
    const hot = `import.meta.hot = globalThis.${clientName}?.createHotContext(${JSON.stringify(id)});`;
    const env = `import.meta.env = ${environmentLiteral(this.#project, "development")};`;
    const map =
      compiled.map === null
        ? ""
        : `\n//# sourceMappingURL=data:application/json;base64,${btoaUtf8(compiled.map)}`;
    // All in front of the first line: the source map counts lines.
    const body = (usesHot ? hot : "") + (usesEnv ? env : "") + code + map;
    return { status: 200, headers: headersFor("x.js"), body };
  }

  /** `code` with its imports as URLs of this server, and the project's modules among them. */
  async #link(
    code: string,
    imports: FoundImport[],
    id: string,
  ): Promise<{ code: string; imported: Set<string> }> {
    const targets = new Map(imports.map((found) => [found, this.#targets.of(found, id)]));
    const needsPackages = [...targets.values()].some(({ kind }) => kind === "dependency");
    const urls = needsPackages ? (await this.#packages.bundle()).urls : {};
    const imported = new Set<string>();
    const linked = replaceSpecifiers(code, imports, (found) => {
      const target = targets.get(found);
      if (target === undefined) return null;
      if (target.kind === "external") return target.url;
      if (target.kind === "dependency") return urls[target.specifier] ?? null;
      imported.add(target.id);
      return this.#urlOf(target.id);
    });
    // Vite's own replacement; there is no `process` in a browser.
    return { code: linked.replaceAll("process.env.NODE_ENV", '"development"'), imported };
  }

  #urlOf(id: string): string {
    const inline = this.#compiler.inlineUrl(id);
    if (inline !== null && this.#allowsDataScripts()) return inline;
    const version = this.#graph.get(id)?.version ?? 0;
    const extra = [...(needsImportMark(id) ? ["import"] : []), ...(version > 0 ? [`t=${version}`] : [])].join(
      "&",
    );
    return extra === "" ? id : `${id}${id.includes("?") ? "&" : "?"}${extra}`;
  }

  /** A page may have a policy of its own, which hardly ever lets scripts be `data:` URLs. */
  #allowsDataScripts(): boolean {
    return !/http-equiv\s*=\s*["']?content-security-policy/i.test(this.#pageFile("/") ?? "");
  }

  /** The source position of a position in a served module, for runtime errors. */
  async sourcePosition(
    url: string,
    position: { line: number; column: number },
  ): Promise<{ file: string; line: number; column: number } | null> {
    const id = url.replace(/([?&])(import|t=\d+)(?=&|$)/g, "").replace(/\?$/, "");
    const compiled = await this.#compiler.known(id);
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
      this.#compiler.forget(
        file,
        this.#affected(file).map((node) => node.id),
      );
    }
    const wasBroken = this.#failure !== null;
    const messages: HotMessage = { type: "update", updates: [] };
    let reload = paths.some(
      (path) => isProjectManifest(path) || path.endsWith(".html") || path.startsWith("public/"),
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
        const imports = await this.#visit({ id: acceptedPath, optional: false });
        await Promise.all(imports.map((module) => this.#visit(module)));
      }
      await this.#packages.bundle();
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
    this.#compiler.forgetAll();
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
