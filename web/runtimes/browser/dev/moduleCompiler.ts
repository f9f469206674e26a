import { buildFailure } from "../buildFailure.ts";
import { compileModule, readSource, type CompileContext } from "../compile/compileModule.ts";
import { compileStyle, type StyleContext } from "../compile/compileStyle.ts";
import { componentStyle } from "../compile/componentStyle.ts";
import { mimeType } from "../compile/mime.ts";
import { fileOf, moduleKind, pathOf } from "../compile/moduleKind.ts";
import type { Engine } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { expandGlobs } from "./expandGlobs.ts";
import type { ImportTargets } from "./importTargets.ts";
import { jsonModule } from "./jsonModule.ts";
import type { Project } from "./project.ts";
import { scanModule, type ScannedModule } from "./rewriteImports.ts";
import { styleClassesModule, tailwindFor } from "./styleModules.ts";
import type { TransformCache } from "./transformCache.ts";

export interface Compiled {
  /** Compiled, with the imports as written. */
  code: string;
  map: string | null;
  scan: ScannedModule;
  /** The files that went in, its own first. */
  files: string[];
  /** A sheet that is generated from what all other files contain. */
  scansProject: boolean;
  /** Of files whose coming and going change it. */
  patterns: readonly string[];
}

interface ModuleCompilerOptions {
  fs: ProjectFs;
  engine: Engine;
  transforms: TransformCache;
  project(): Project;
  targets: ImportTargets;
}

/** Modules of the project that take the longest, and are edited most. */
const isComponent = /^(?!\/node_modules\/).*\.([jt]sx?|vue|svelte)$/;

/** Compiles the project's modules for the dev server, each once until its files change. */
export class ModuleCompiler {
  readonly #fs: ProjectFs;
  readonly #engine: Engine;
  readonly #transforms: TransformCache;
  readonly #project: () => Project;
  readonly #targets: ImportTargets;
  readonly #compiled = new Map<string, Promise<Compiled>>();

  constructor({ fs, engine, transforms, project, targets }: ModuleCompilerOptions) {
    this.#fs = fs;
    this.#engine = engine;
    this.#transforms = transforms;
    this.#project = project;
    this.#targets = targets;
  }

  /** What was compiled already. */
  known(id: string): Promise<Compiled> | undefined {
    return this.#compiled.get(id);
  }

  /** Whether something was made from a file. */
  knows(file: string): boolean {
    return this.#compiled.keys().some((id) => fileOf(id) === file);
  }

  /** Forgets what was made from a file, and the other modules given. */
  forget(file: string, ids: string[]): void {
    for (const id of this.#compiled.keys()) if (fileOf(id) === file) this.#compiled.delete(id);
    for (const id of ids) this.#compiled.delete(id);
  }

  forgetAll(): void {
    this.#compiled.clear();
  }

  compile(id: string): Promise<Compiled> {
    const known = this.#compiled.get(id);
    if (known) return known;
    const compiling = this.#compileNow(id);
    this.#compiled.set(id, compiling);
    // A failed module is tried again when someone asks: its file may not have changed, but what it imports.
    compiling.catch(() => {
      if (this.#compiled.get(id) === compiling) this.#compiled.delete(id);
    });
    return compiling;
  }

  async #compileNow(id: string, rehearses = false): Promise<Compiled> {
    const fs = this.#fs;
    const kind = moduleKind(id);
    const file = fileOf(id);
    if (!fs.exists(pathOf(id))) {
      throw buildFailure({ message: `${pathOf(id)} does not exist.`, file: pathOf(id) });
    }
    let files = [file];
    let code: string;
    let map: string | null = null;
    let scansProject = false;
    let patterns: readonly string[] = [];
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
        code = this.#assetModule(file);
        break;
      case "worker":
        code = `export default class extends Worker { constructor(options) { super(${JSON.stringify(file)}, { type: "module", ...options }); } }`;
        break;
      default: {
        const context = this.context();
        const source = readSource(fs, id);
        const module = await (rehearses
          ? compileModule(context, id, source)
          : this.#transforms.module(context, { id, source }, () => compileModule(context, id, source)));
        ({ code, patterns } = expandGlobs(fs, module.code, file));
        map = module.map;
      }
    }
    return { code, map, scan: scanModule(code, id), files, scansProject, patterns };
  }

  /** Compiles the longest module of the project again; null where there is none, or where it does not build. */
  async rehearse(): Promise<{ id: string; compiled: Compiled } | null> {
    const length = (id: string): number => this.#fs.stat(pathOf(id)).size;
    const [id] = [...this.#compiled.keys()]
      .filter((each) => isComponent.test(each) && this.#fs.exists(pathOf(each)))
      .sort((a, b) => length(b) - length(a));
    if (id === undefined) return null;
    try {
      return { id, compiled: await this.#compileNow(id, true) };
    } catch {
      // Whoever asks for the module is told what is wrong with it.
      return null;
    }
  }

  /** The script of a module that is nothing but an asset's URL; null for every other module. */
  assetScript(id: string): string | null {
    const { kind } = moduleKind(id);
    return kind === "asset" || kind === "url" ? this.#assetModule(fileOf(id)) : null;
  }

  context(): CompileContext {
    return {
      fs: this.#fs,
      project: this.#project(),
      engine: this.#engine,
      mode: "development",
    };
  }

  styleContext(): StyleContext {
    const fs = this.#fs;
    return {
      fs,
      resolve: (specifier, importer) => this.#targets.resolve(specifier, importer)?.id ?? null,
      assetUrl: (id) => this.#assetUrl(id),
      tailwind: tailwindFor(fs, this.#project()),
    };
  }

  async #style(id: string) {
    const kind = moduleKind(id);
    if (kind.kind !== "component-style") {
      return compileStyle(this.styleContext(), fileOf(id), {
        modules: kind.kind === "style" && kind.modules,
      });
    }
    const part = await componentStyle(this.context(), id);
    const style = await compileStyle(this.styleContext(), kind.file, part);
    return { ...style, files: [kind.file, ...style.files] };
  }

  async #inline(id: string): Promise<string> {
    if (fileOf(id).endsWith(".css")) return (await compileStyle(this.styleContext(), fileOf(id))).css;
    const bytes = this.#fs.readFile(pathOf(id));
    return `data:${mimeType(fileOf(id))};base64,${bytes.toBase64()}`;
  }

  #assetModule(file: string): string {
    return `export default ${JSON.stringify(this.#assetUrl(file))};`;
  }

  /** Files of public/ are served from the root. */
  #assetUrl(id: string): string {
    return id.startsWith("/public/") ? id.slice("/public".length) : id;
  }
}
