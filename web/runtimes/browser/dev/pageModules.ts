import { pathOf } from "../compile/moduleKind.ts";
import { isBuiltIn } from "./builtInScript.ts";
import type { ImportTargets } from "./importTargets.ts";
import type { ModuleCompiler } from "./moduleCompiler.ts";
import type { ModuleGraph } from "./moduleGraph.ts";
import type { PackageBundle } from "./packageBundle.ts";
import { moduleScripts, takesImports, type PageParts, type PageSource } from "./page.ts";
import type { Resolved } from "./resolveModule.ts";
import { scanModule, type FoundImport } from "./rewriteImports.ts";
import type { ServedModules } from "./servedModules.ts";

/** A module that the page will ask for; an optional one is only reached by dynamic imports. */
interface Wanted {
  id: string;
  optional: boolean;
}

interface PageModulesOptions {
  graph: ModuleGraph;
  targets: ImportTargets;
  compiler: ModuleCompiler;
  packages: PackageBundle;
  served: ServedModules;
}

/** Beyond these the page finds out by itself: the list is made before the page is sent. */
const moduleLimit = 100;
/** Beyond these characters in all, modules are asked for: the page has to be read before its first script runs. */
const importsLimit = 200_000;

/** Which modules a page comes to, followed from its scripts. */
export class PageModules {
  readonly #options: PageModulesOptions;

  constructor(options: PageModulesOptions) {
    this.#options = options;
  }

  /** Compiles everything that the page will ask for. Throws a build failure. */
  async crawl(page: PageSource): Promise<void> {
    const seen = new Set<string>();
    let wave = this.#entriesOf(page);
    while (wave.length > 0) {
      const fresh = wave.filter(({ id }) => !seen.has(id) && seen.add(id));
      wave = (await Promise.all(fresh.map((module) => this.#visit(module)))).flat();
    }
  }

  /** Compiles a module and what it imports itself. Throws a build failure. */
  async prepare(id: string): Promise<void> {
    const imports = await this.#visit({ id, optional: false });
    await Promise.all(imports.map((module) => this.#visit(module)));
  }

  /** The modules and packages that a page comes to by static imports, the nearest first. */
  async parts(page: PageSource): Promise<PageParts> {
    const { graph, targets, compiler, packages, served } = this.#options;
    try {
      const bundle = await packages.bundle();
      const imports: Record<string, string> = {};
      const preloads = new Set<string>();
      let room = takesImports(page.html) ? importsLimit : 0;
      const entries = new Set(this.#entriesOf(page).map(({ id }) => id));
      graph.setImports(page.id, entries);
      const found = new Set(entries);
      // What is added on the way is visited as well.
      for (const id of found) {
        if (preloads.size + Object.keys(imports).length >= moduleLimit) break;
        const url = served.urlOf(id);
        const isScript = url.startsWith("data:");
        const script = room > 0 && !isScript ? await served.dataUrl(id) : null;
        if (script !== null && script.length <= room) {
          imports[url] = script;
          room -= script.length;
          // An entry that is not brought along keeps the name that the page itself gives it.
        } else if (!isScript && !entries.has(id)) preloads.add(url);
        if (isBuiltIn(id)) continue;
        const { scan } = await compiler.compile(id);
        for (const imported of scan.imports.filter(({ dynamic }) => !dynamic)) {
          const target = targets.of(imported, id);
          if (target.kind === "module") found.add(target.id);
          if (target.kind === "external" && isBuiltIn(target.url)) found.add(target.url);
          const packaged = target.kind === "dependency" ? bundle.urls[target.specifier] : undefined;
          if (packaged !== undefined) addWithImports(preloads, packaged, bundle.imports);
        }
      }
      return { imports, preloads: [...preloads] };
    } catch {
      // The page's own request for the module that does not build reports it; the page itself has to arrive.
      return { imports: {}, preloads: [] };
    }
  }

  /** Where a page finds the module that one of its scripts names; null where that is none of the project's. */
  entryUrl(page: PageSource, src: string): string | null {
    const resolved = this.#resolveEntry(page, src);
    return resolved === null ? null : this.#options.served.urlOf(resolved.id);
  }

  #resolveEntry(page: PageSource, src: string): Resolved | null {
    return isElsewhere(src)
      ? null
      : this.#options.targets.resolve(src.startsWith("/") ? src : `./${src}`, page.id);
  }

  #entriesOf(page: PageSource): Wanted[] {
    const { id, html } = page;
    return moduleScripts(html).flatMap(({ src, content }) => {
      if (src === null)
        return scanModule(content, id).imports.flatMap((found) => this.#wanted(found, id, false));
      if (isElsewhere(src)) return [];
      const resolved = this.#resolveEntry(page, src);
      if (resolved === null) throw this.#options.targets.missing(pathOf(id), src, html.indexOf(src));
      return [{ id: resolved.id, optional: false }];
    });
  }

  async #visit({ id, optional }: Wanted): Promise<Wanted[]> {
    try {
      const { scan } = await this.#options.compiler.compile(id);
      return scan.imports.flatMap((found) => this.#wanted(found, id, optional));
    } catch (thrown) {
      // What is only imported on demand may be broken as long as nobody demands it.
      if (optional) return [];
      throw thrown;
    }
  }

  #wanted(found: FoundImport, importer: string, optional: boolean): Wanted[] {
    const target = this.#options.targets.of(found, importer);
    if (target.kind !== "module" || isBuiltIn(target.id)) return [];
    return [{ id: target.id, optional: optional || found.dynamic }];
  }
}

/** Adds a script of the packages' bundle, and what it imports. */
function addWithImports(urls: Set<string>, url: string, imports: Record<string, readonly string[]>): void {
  if (urls.has(url)) return;
  urls.add(url);
  for (const imported of imports[url] ?? []) addWithImports(urls, imported, imports);
}

/** A URL of another server. */
function isElsewhere(src: string): boolean {
  return /^([a-z]+:)?\/\//i.test(src);
}
