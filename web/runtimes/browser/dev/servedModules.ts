import { fileOf, needsImportMark } from "../compile/moduleKind.ts";
import { clientName } from "../preview/previewProtocol.ts";
import { environmentLiteral } from "./environment.ts";
import { builtInScript, isBuiltIn } from "./builtInScript.ts";
import type { ImportTargets } from "./importTargets.ts";
import type { Compiled, ModuleCompiler } from "./moduleCompiler.ts";
import type { ModuleGraph } from "./moduleGraph.ts";
import type { PackageBundle } from "./packageBundle.ts";
import type { Project } from "./project.ts";
import { replaceSpecifiers, type FoundImport } from "./rewriteImports.ts";

interface ServedModulesOptions {
  /** The preview's origin. */
  origin: string;
  graph: ModuleGraph;
  targets: ImportTargets;
  compiler: ModuleCompiler;
  packages: PackageBundle;
  project(): Project;
  /** Whether the project's pages may load scripts from `data:` URLs. */
  allowsDataScripts(): boolean;
}

/** In characters. A longer module is sooner there when it is asked for; pages also keep the URL of each that they have loaded. */
const dataUrlLimit = 30_000;

/** The project's modules as pages get them: compiled, with whole URLs of the preview's origin for imports. */
export class ServedModules {
  readonly #options: ServedModulesOptions;

  constructor(options: ServedModulesOptions) {
    this.#options = options;
  }

  /** The module's script, and its place in the graph noted. Throws a build failure. */
  async script(id: string): Promise<string> {
    const { compiler, graph, targets } = this.#options;
    const compiled = await compiler.compile(id);
    const { code, imported } = await this.link(compiled.code, compiled.scan.imports, id);
    graph.setImports(id, imported);
    const node = graph.node(id);
    node.files = compiled.files;
    node.scansProject = compiled.scansProject;
    node.patterns = compiled.patterns;
    const { accepts } = compiled.scan;
    node.accepts =
      accepts === "self" ? "self" : accepts.flatMap((specifier) => targets.resolve(specifier, id)?.id ?? []);
    return this.#surround(id, code, compiled);
  }

  /** What `script` does, without its effects: for practice. */
  async rehearse(id: string, compiled: Compiled): Promise<void> {
    const { code } = await this.link(compiled.code, compiled.scan.imports, id);
    scriptDataUrl(this.#surround(id, code, compiled));
  }

  #surround(id: string, code: string, { scan, map }: Compiled): string {
    const hot = `import.meta.hot = globalThis.${clientName}?.createHotContext(${JSON.stringify(id)});`;
    const env = `import.meta.env = ${environmentLiteral(this.#options.project(), "development")};`;
    const mapUrl = map === null ? "" : `\n//# sourceMappingURL=data:application/json;base64,${btoaUtf8(map)}`;
    // All in front of the first line: the source map counts lines.
    return (scan.usesHot ? hot : "") + (scan.usesEnv ? env : "") + code + mapUrl;
  }

  /**
   * The module's script as a `data:` URL that an import map can put in the place of the module's own; null where it has
   * to be loaded from its own.
   */
  async dataUrl(id: string): Promise<string | null> {
    const { compiler, allowsDataScripts } = this.#options;
    if (!allowsDataScripts()) return null;
    if (isBuiltIn(id)) {
      const script = await builtInScript(id);
      return script === null ? null : scriptDataUrl(script);
    }
    const { scan } = await compiler.compile(id);
    if (scan.resolvesItself) return null;
    const url = this.urlOf(id);
    // To itself, to errors and to the browser's tools it is the module of that URL.
    const own = scan.usesUrl ? `import.meta.url = ${JSON.stringify(url)};` : "";
    const script = `${own}${await this.script(id)}\n//# sourceURL=${url}`;
    return script.length > dataUrlLimit ? null : scriptDataUrl(script);
  }

  /** `code` with its imports as URLs of the preview's origin, and the project's modules among them. */
  async link(
    code: string,
    imports: FoundImport[],
    id: string,
  ): Promise<{ code: string; imported: Set<string> }> {
    const { origin, targets, packages } = this.#options;
    const targetOf = new Map(imports.map((found) => [found, targets.of(found, id)]));
    const needsPackages = [...targetOf.values()].some(({ kind }) => kind === "dependency");
    const urls = needsPackages ? (await packages.bundle()).urls : {};
    const imported = new Set<string>();
    const linked = replaceSpecifiers(code, imports, (found) => {
      const target = targetOf.get(found);
      if (target === undefined) return null;
      if (target.kind === "external") return isBuiltIn(target.url) ? origin + target.url : target.url;
      if (target.kind === "dependency") {
        const url = urls[target.specifier];
        return url === undefined ? null : origin + url;
      }
      imported.add(target.id);
      return this.urlOf(target.id);
    });
    // Vite's own replacement; there is no `process` in a browser.
    return { code: linked.replaceAll("process.env.NODE_ENV", '"development"'), imported };
  }

  /** Where a page finds the newest version of a module. */
  urlOf(id: string): string {
    const { origin, graph, compiler, allowsDataScripts } = this.#options;
    if (isBuiltIn(id)) return origin + id;
    const asset = compiler.assetScript(id);
    if (asset !== null && allowsDataScripts()) return scriptDataUrl(asset);
    const version = graph.get(id)?.version ?? 0;
    const marks = [...(needsImportMark(id) ? ["import"] : []), ...(version > 0 ? [`t=${version}`] : [])];
    if (marks.length === 0) return origin + id;
    return `${origin}${id}${fileOf(id) === id ? "?" : "&"}${marks.join("&")}`;
  }
}

function scriptDataUrl(script: string): string {
  return `data:text/javascript;charset=utf-8;base64,${btoaUtf8(script)}`;
}

function btoaUtf8(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}
