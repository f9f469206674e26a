import { buildFailure, positionAt } from "../buildFailure.ts";
import { needsImportMark, pathOf } from "../compile/moduleKind.ts";
import type { ProjectFs } from "../kernelParts.ts";
import type { Dependency } from "./prebundle.ts";
import type { Project } from "./project.ts";
import { isBare, isNodeBuiltin, resolveModule, splitBare, type Resolved } from "./resolveModule.ts";
import type { FoundImport } from "./rewriteImports.ts";

type ImportTarget =
  | { kind: "external"; url: string }
  | { kind: "dependency"; specifier: string }
  | { kind: "module"; id: string };

/** Where the imports of a project's modules lead, in development. */
export class ImportTargets {
  /** Every package that was imported so far, with the names taken from it. */
  readonly dependencies = new Map<string, Dependency>();
  readonly #fs: ProjectFs;
  readonly #project: () => Project;
  readonly #resolved = new Map<string, Resolved | null>();

  constructor(fs: ProjectFs, project: () => Project) {
    this.#fs = fs;
    this.#project = project;
  }

  /** What an import leads to. Bare ones are noted as dependencies. Throws a build failure where nothing is there. */
  of(found: FoundImport, importer: string): ImportTarget {
    const { specifier } = found;
    if (/^([a-z][a-z+.-]*:)?\/\/|^(data|blob|https?):/i.test(specifier))
      return { kind: "external", url: specifier };
    if (specifier.startsWith("/@")) return { kind: "external", url: specifier };
    if (isNodeBuiltin(specifier) && this.resolve(specifier, importer) === null) {
      return { kind: "external", url: `/@empty/${encodeURIComponent(specifier)}.js` };
    }
    const resolved = this.resolve(specifier, importer);
    if (resolved === null) {
      // A rejected import is what code that asks on demand is prepared for.
      if (found.dynamic) return { kind: "external", url: `/@missing/${encodeURIComponent(specifier)}` };
      throw this.#missingImport(found, importer);
    }
    if (resolved.bare !== undefined && isBundled(resolved.id)) {
      this.#noteDependency(specifier, resolved, found.names);
      return { kind: "dependency", specifier };
    }
    return { kind: "module", id: resolved.id };
  }

  #noteDependency(specifier: string, resolved: Resolved, names: string[]): void {
    const known = this.dependencies.get(specifier);
    if (known) for (const name of names) known.names.add(name);
    else
      this.dependencies.set(specifier, {
        specifier,
        id: resolved.id,
        names: new Set(names.filter((name) => name !== "*")),
      });
  }

  /** Files came or went: every import may lead elsewhere. */
  forget(): void {
    this.#resolved.clear();
  }

  resolve(specifier: string, importer: string, kind: "import" | "require" = "import"): Resolved | null {
    const key = `${kind} ${specifier} ${importer}`;
    let resolved = this.#resolved.get(key);
    if (resolved === undefined) {
      resolved = this.#resolve(specifier, importer, kind);
      this.#resolved.set(key, resolved);
    }
    return resolved;
  }

  #resolve(specifier: string, importer: string, kind: "import" | "require"): Resolved | null {
    const project = this.#project();
    const conditions = [
      "module",
      "browser",
      "development",
      ...(project.framework === "svelte" ? ["svelte"] : []),
    ];
    const context = { fs: this.#fs, project, conditions, browser: true, require: kind === "require" };
    const found = resolveModule(context, specifier, importer);
    if (found !== null) return found;
    if (specifier === "solid-refresh") return { id: "/@solid-refresh", bare: specifier };
    // Root-absolute imports may name files of public/.
    return null;
  }

  missing(file: string, specifier: string, offset: number): Error {
    const position = positionAt(this.#fs.readText(file), offset);
    return buildFailure({
      message: `${file} refers to ${specifier}, which does not exist.`,
      file,
      ...position,
      remedy: { label: "Open the file", action: "open-file" },
    });
  }

  #missingImport(found: FoundImport, importer: string): Error {
    const fs = this.#fs;
    const file = pathOf(importer);
    const source = fs.exists(file) ? fs.readText(file) : "";
    const offset = source.search(
      new RegExp(`["'\`]${found.specifier.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["'\`]`),
    );
    const position = offset === -1 ? {} : positionAt(source, offset);
    const { name } = splitBare(found.specifier);
    const declared = name in this.#project().dependencies;
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
}

function isBundled(id: string): boolean {
  return id.startsWith("/@") || (id.includes("/node_modules/") && !needsImportMark(id));
}
