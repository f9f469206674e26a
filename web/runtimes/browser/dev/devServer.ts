import { buildFailure, failureOf } from "../buildFailure.ts";
import { compileStyle } from "../compile/compileStyle.ts";
import { needsImportMark, pathOf } from "../compile/moduleKind.ts";
import { mimeType } from "../compile/mime.ts";
import type { Engine } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import type { HotMessage } from "../preview/previewProtocol.ts";
import type { FileChange, PreviewFailure } from "../../runtime.ts";
import { builtInScript } from "./builtInScript.ts";
import { ImportTargets } from "./importTargets.ts";
import { ModuleCompiler } from "./moduleCompiler.ts";
import { ModuleGraph, type HotBoundary } from "./moduleGraph.ts";
import { PackageBundle } from "./packageBundle.ts";
import { PageModules } from "./pageModules.ts";
import { Pages } from "./pages.ts";
import type { PrebundleCache } from "./prebundle.ts";
import { isProjectManifest, readProject, type Project } from "./project.ts";
import { ServedModules } from "./servedModules.ts";
import type { TransformCache } from "./transformCache.ts";

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
  /** The preview's origin. */
  origin: string;
  fs: ProjectFs;
  engine: Engine;
  transforms: TransformCache;
  lockHash: string;
  cache: PrebundleCache;
  /** Sends to all pages of the project that are open. */
  hot(message: HotMessage): void;
  onProgress(message: string): void;
  /** The project does not build, or builds again (null). */
  onFailure(failure: PreviewFailure | null): void;
}

/** The first time takes 110 ms, the tenth 30, and from about the thirtieth on it is 16. */
const rehearsals = 30;
/** Long enough for the page's own requests to come in between, and for all of it to be done before somebody edits. */
const rehearsalPauseMs = 120;

type Update = Extract<HotMessage, { type: "update" }>;
type Versioned = HotMessage & { version: number };

/** A Vite-like dev server (https://vite.dev/guide/api-hmr) over the project's files, as `request -> response`. */
export class DevServer {
  readonly #options: DevServerOptions;
  readonly #graph = new ModuleGraph();
  readonly #targets: ImportTargets;
  readonly #compiler: ModuleCompiler;
  readonly #packages: PackageBundle;
  readonly #served: ServedModules;
  readonly #pageModules: PageModules;
  readonly #pages: Pages;
  #project: Project;
  /** Of the last change: a time, so that pages of an earlier dev server are known to be older. */
  #version = Date.now();
  /** Of the last change that open pages were told of. */
  #told = this.#version;
  #rehearsed = false;
  #failure: PreviewFailure | null = null;
  /** A page was served while something was broken: only a reload can repair it. */
  #servedBroken = false;

  constructor(options: DevServerOptions) {
    this.#options = options;
    this.#project = readProject(options.fs, "development");
    const { fs, engine, transforms } = options;
    const project = () => this.#project;
    this.#targets = new ImportTargets(fs, project);
    this.#compiler = new ModuleCompiler({ fs, engine, transforms, project, targets: this.#targets });
    this.#packages = new PackageBundle({
      ...options,
      project,
      targets: this.#targets,
      compile: () => this.#compiler.context(),
      onProgress: (modules) => options.onProgress(`Bundling packages: ${modules} modules`),
      // Pages hold modules of the old bundle; two copies of one framework in a page do not work.
      onReplaced: () => this.#reloadPages(this.#nextVersion()),
    });
    const parts = {
      graph: this.#graph,
      targets: this.#targets,
      compiler: this.#compiler,
      packages: this.#packages,
    };
    this.#served = new ServedModules({
      ...parts,
      origin: options.origin,
      project,
      allowsDataScripts: () => this.#pages.allowDataScripts(),
    });
    this.#pageModules = new PageModules({ ...parts, served: this.#served });
    this.#pages = new Pages({
      fs,
      project,
      version: () => this.#version,
      modules: this.#pageModules,
      served: this.#served,
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
      const page = this.#pages.source("/");
      if (page === null) {
        throw buildFailure({
          message: "The project has no index.html at its root, so there is no page to show.",
          remedy: { label: "Run on a server", action: "use-server" },
        });
      }
      await this.#pageModules.crawl(page);
      await this.#packages.bundle();
    } catch (thrown) {
      this.#setFailure(failureOf(thrown));
      throw thrown;
    }
    this.#setFailure(null);
    this.#pages.makeAhead();
  }

  /**
   * Makes a module again while nobody waits, for nothing but practice: the browser runs compilers several times faster
   * once it has seen them run for a while, and otherwise the first edits would be that while. For when the page is
   * there: the compiler may only now be loaded. It happens once, and ends with the first change.
   */
  async rehearse(): Promise<void> {
    if (this.#rehearsed) return;
    this.#rehearsed = true;
    const version = this.#version;
    for (let round = 0; round < rehearsals; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, rehearsalPauseMs));
      if (this.#version !== version) return;
      const made = await this.#compiler.rehearse();
      if (made === null) return;
      await this.#served.rehearse(made.id, made.compiled);
    }
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
        return scriptResponse(await this.#served.script(id));
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
    if (wantsPage || request.accept.includes("text/html")) return this.#pageResponse(path);
    return textResponse(404, `${path} is not a file of this project.`);
  }

  async #pageResponse(path: string): Promise<DevResponse> {
    const html = await this.#pages.html(path);
    if (html === null) return textResponse(404, "The project has no index.html.");
    if (this.#failure === null) this.#servedBroken = false;
    return { status: 200, headers: headersFor("index.html"), body: html };
  }

  #nextVersion(): number {
    this.#version = Math.max(this.#version + 1, Date.now());
    this.#pages.forget();
    return this.#version;
  }

  #tell(message: Versioned): void {
    this.#told = message.version;
    this.#options.hot(message);
  }

  #reloadPages(version: number): void {
    // Pages that load anew have nothing left of them.
    this.#graph.takeOrphans(version);
    this.#tell({ type: "full-reload", version });
    this.#pages.makeAhead();
  }

  /** What a page that begins now and was made in this version was not told, because it was not there. */
  missedSince(version: number): HotMessage | null {
    return version < this.#told ? { type: "full-reload", version: this.#told } : null;
  }

  async #virtual(path: string): Promise<DevResponse> {
    const script = await builtInScript(path);
    if (script !== null) return scriptResponse(script);
    const file = (await this.#packages.bundle()).files[path];
    if (file === undefined)
      return textResponse(404, `${path} is of an older bundle of packages; reload the page.`);
    return {
      status: 200,
      headers: { ...headersFor("x.js"), "cache-control": "max-age=31536000, immutable" },
      body: file,
    };
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
    const version = this.#nextVersion();
    const paths = changes.map((change) => change.path);
    if (paths.some(isProjectManifest)) this.#restart();
    const made = new Set<string>();
    for (const { path, kind } of changes) {
      const file = `/${path}`;
      const cameOrWent = kind === "delete" || !this.#compiler.knows(file);
      if (cameOrWent) this.#targets.forget();
      const ids = this.#graph.madeFrom(file, cameOrWent).map(({ id }) => id);
      this.#compiler.forget(file, ids);
      for (const id of ids) made.add(id);
    }
    const wasBroken = this.#failure !== null;
    const boundaries = this.#graph.boundariesOf(made, version);
    const reload =
      boundaries === null ||
      paths.some((path) => isProjectManifest(path) || path.endsWith(".html") || path.startsWith("public/"));
    if (!wasBroken && boundaries?.length === 0 && !reload) return;
    try {
      const page = this.#pages.source("/");
      if ((wasBroken || reload) && page !== null) await this.#pageModules.crawl(page);
      for (const { acceptedPath } of boundaries ?? []) await this.#pageModules.prepare(acceptedPath);
      await this.#packages.bundle();
      const needsReload = reload || (wasBroken && this.#servedBroken);
      const message = needsReload ? null : await this.#hotUpdate(boundaries, version);
      this.#setFailure(null);
      if (message === null) {
        this.#servedBroken = false;
        this.#reloadPages(version);
      } else if (message.updates.length > 0) this.#tell(message);
    } catch (thrown) {
      this.#setFailure(failureOf(thrown));
    }
  }

  #restart(): void {
    this.#project = readProject(this.#options.fs, "development");
    this.#compiler.forgetAll();
    this.#targets.forget();
  }

  /** A page could not take an update in a module: its importers are asked. */
  async invalidate(id: string): Promise<void> {
    const importers = this.#graph.get(id)?.importers;
    if (importers === undefined) return;
    const version = this.#nextVersion();
    const boundaries = importers.size === 0 ? null : this.#graph.boundariesOf(importers, version);
    try {
      if (boundaries === null) this.#reloadPages(version);
      else this.#tell(await this.#hotUpdate(boundaries, version));
    } catch (thrown) {
      this.#setFailure(failureOf(thrown));
    }
  }

  /** An update, together with the new modules that it makes a page import. */
  async #hotUpdate(boundaries: readonly HotBoundary[], version: number): Promise<Update> {
    const imports: Record<string, string> = {};
    const ids = new Set(boundaries.map(({ acceptedPath }) => acceptedPath));
    // What is added on the way is visited as well.
    for (const id of ids) {
      const script = await this.#served.dataUrl(id);
      if (script === null) continue;
      imports[this.#served.urlOf(id)] = script;
      const { imports: next } = this.#graph.node(id);
      for (const imported of next) if (this.#graph.get(imported)?.version === version) ids.add(imported);
    }
    const updates = boundaries.map((boundary) => ({
      ...boundary,
      url: this.#served.urlOf(boundary.acceptedPath),
    }));
    return { type: "update", version, updates, imports, pruned: this.#graph.takeOrphans(version) };
  }

  #setFailure(failure: PreviewFailure | null): void {
    if (failure === null && this.#failure === null) return;
    this.#failure = failure;
    this.#options.onFailure(failure);
  }
}

function headersFor(path: string): Record<string, string> {
  return { "content-type": mimeType(path), "cache-control": "no-cache" };
}

function scriptResponse(body: string): DevResponse {
  return { status: 200, headers: headersFor("x.js"), body };
}

function textResponse(status: number, body: string): DevResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    body,
  };
}
