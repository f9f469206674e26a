import type { ImportTargets } from "./importTargets.ts";
import type { ModuleCompiler } from "./moduleCompiler.ts";
import type { PackageBundle } from "./packageBundle.ts";
import { moduleScripts } from "./page.ts";
import { scanModule, type FoundImport } from "./rewriteImports.ts";
import type { ServedModules } from "./servedModules.ts";

/** A module that the page will ask for; an optional one is only reached by dynamic imports. */
interface Wanted {
  id: string;
  optional: boolean;
}

interface PageModulesOptions {
  targets: ImportTargets;
  compiler: ModuleCompiler;
  packages: PackageBundle;
  served: ServedModules;
}

/** Beyond these the page finds out by itself: the list is made before the page is sent. */
const preloadLimit = 100;

/** Which modules a page comes to, followed from its scripts. */
export class PageModules {
  readonly #options: PageModulesOptions;

  constructor(options: PageModulesOptions) {
    this.#options = options;
  }

  /** Compiles everything that the page will ask for. Throws a build failure. */
  async crawl(html: string): Promise<void> {
    const seen = new Set<string>();
    let wave = this.#entriesOf(html);
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

  /** URLs of the modules and packages that a page comes to by static imports, the nearest first. */
  async preloads(html: string): Promise<string[]> {
    const { targets, compiler, packages, served } = this.#options;
    try {
      const { urls: bundled } = await packages.bundle();
      // The page names its entries itself, in its own words.
      const entries = new Set(this.#entriesOf(html).map(({ id }) => id));
      const found = new Set(entries);
      const urls = new Set<string>();
      // What is added on the way is visited as well.
      for (const id of found) {
        if (urls.size >= preloadLimit) break;
        const url = served.urlOf(id);
        if (!entries.has(id) && !url.startsWith("data:")) urls.add(url);
        const { scan } = await compiler.compile(id);
        for (const imported of scan.imports.filter(({ dynamic }) => !dynamic)) {
          const target = targets.of(imported, id);
          if (target.kind === "module") found.add(target.id);
          const packaged = target.kind === "dependency" ? bundled[target.specifier] : undefined;
          if (packaged !== undefined) urls.add(packaged);
        }
      }
      return [...urls];
    } catch {
      // The page's own request for the module that does not build reports it; the page itself has to arrive.
      return [];
    }
  }

  #entriesOf(html: string): Wanted[] {
    const { targets } = this.#options;
    return moduleScripts(html).flatMap(({ src, content }) => {
      if (src === null) {
        return scanModule(content, "/index.html").imports.flatMap((found) =>
          this.#wanted(found, "/index.html", false),
        );
      }
      if (/^([a-z]+:)?\/\//i.test(src)) return [];
      const resolved = targets.resolve(src.startsWith("/") ? src : `./${src}`, "/index.html");
      if (resolved === null) throw targets.missing("index.html", src, html.indexOf(src));
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
    if (target.kind !== "module" || target.id.startsWith("/@")) return [];
    return [{ id: target.id, optional: optional || found.dynamic }];
  }
}
