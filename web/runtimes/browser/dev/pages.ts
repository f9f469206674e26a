import type { ProjectFs } from "../kernelParts.ts";
import { devPage, hasPolicy, mapModuleScripts, type PageSource } from "./page.ts";
import type { PageModules } from "./pageModules.ts";
import { previewClient } from "./previewClient.ts";
import type { Project } from "./project.ts";
import { scanModule } from "./rewriteImports.ts";
import type { ServedModules } from "./servedModules.ts";

interface PagesOptions {
  fs: ProjectFs;
  project(): Project;
  /** Of the last change. */
  version(): number;
  modules: PageModules;
  served: ServedModules;
}

/** The project's pages, as they were written and as the preview gets them. */
export class Pages {
  readonly #options: PagesOptions;
  /** The page that was asked for last. */
  #path = "/";
  /** That page, made before it is asked for again. */
  #ahead: Promise<string | null> | null = null;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** The page that is shown at a path, as in Vite's single-page mode; null where the project has none. */
  source(path: string): PageSource | null {
    const { fs } = this.#options;
    const plain = path.replace(/^\//, "").replace(/\/$/, "");
    const candidates = [
      plain,
      `${plain}.html`,
      plain === "" ? "index.html" : `${plain}/index.html`,
      "index.html",
    ];
    const file = candidates.find((name) => name.endsWith(".html") && fs.exists(name));
    return file === undefined ? null : { id: `/${file}`, html: fs.readText(file) };
  }

  /** Whether pages may load scripts from `data:` URLs: a policy of their own hardly ever lets them. */
  allowDataScripts(): boolean {
    return !hasPolicy(this.source("/")?.html ?? "");
  }

  /** The page at a path for the preview, with its modules; null where the project has none. */
  async html(path: string): Promise<string | null> {
    const ahead = path === this.#path ? this.#ahead : null;
    this.#ahead = null;
    this.#path = path;
    return ahead ?? this.#make(path);
  }

  /** Makes the page that is about to be asked for while the browser is still on its way. */
  makeAhead(): void {
    this.#ahead = this.#make(this.#path);
    // Whoever asks gets the error.
    this.#ahead.catch(() => undefined);
  }

  /** Something has changed: what was made before counts no more. */
  forget(): void {
    this.#ahead = null;
  }

  async #make(path: string): Promise<string | null> {
    const { modules, served, project } = this.#options;
    // A change that comes meanwhile is another version, which such a page has in part at most.
    const version = this.#options.version();
    const page = this.source(path);
    if (page === null) return null;
    const parts = await modules.parts(page);
    const linked = await mapModuleScripts(page.html, async ({ src, content }) => {
      if (src === null) {
        const { imports } = scanModule(content, page.id);
        return (await served.link(content, imports, page.id)).code;
      }
      const url = modules.entryUrl(page, src);
      return url !== null && url in parts.imports ? `import ${JSON.stringify(url)};` : null;
    });
    return devPage(linked, project(), { client: previewClient, version, ...parts });
  }
}
