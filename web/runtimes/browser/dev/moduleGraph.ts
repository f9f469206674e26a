import picomatch from "picomatch";
import { fileOf } from "../compile/moduleKind.ts";
import { isScanned } from "./styleModules.ts";

export interface ModuleNode {
  id: string;
  importers: Set<string>;
  imports: Set<string>;
  accepts: "self" | string[];
  /** Files whose text went into it besides its own (CSS imports, templates). */
  files: string[];
  /** A sheet that is generated from what all other files contain. */
  scansProject: boolean;
  /** Of files whose coming and going change it, from the project's root. */
  patterns: readonly string[];
  /** Set when a hot update replaced it; importers ask for it by this, past the browser's module cache. */
  version: number;
}

/** A hot update: the module that accepts, and the one whose new version it gets. */
export interface HotBoundary {
  path: string;
  acceptedPath: string;
}

/** Who imports whom among the modules that the browser has asked for. */
export class ModuleGraph {
  readonly #nodes = new Map<string, ModuleNode>();
  /** Nobody imports these any more. */
  readonly #orphans = new Set<string>();

  get(id: string): ModuleNode | undefined {
    return this.#nodes.get(id);
  }

  node(id: string): ModuleNode {
    let node = this.#nodes.get(id);
    if (!node) {
      node = {
        id,
        importers: new Set(),
        imports: new Set(),
        accepts: [],
        files: [],
        scansProject: false,
        patterns: [],
        version: 0,
      };
      this.#nodes.set(id, node);
    }
    return node;
  }

  setImports(id: string, imports: Set<string>): void {
    const node = this.node(id);
    for (const old of node.imports) {
      if (imports.has(old)) continue;
      const { importers } = this.node(old);
      importers.delete(id);
      if (importers.size === 0) this.#orphans.add(old);
    }
    for (const next of imports) {
      this.node(next).importers.add(id);
      this.#orphans.delete(next);
    }
    node.imports = imports;
  }

  /**
   * The modules that nobody imports any more, and those that only they imported, each told once. Whoever imports one
   * again gets it as new, in `version`.
   */
  takeOrphans(version: number): string[] {
    // What is added on the way is visited as well.
    for (const id of this.#orphans) {
      this.node(id).version = version;
      this.setImports(id, new Set());
    }
    const orphans = [...this.#orphans];
    this.#orphans.clear();
    return orphans;
  }

  /**
   * Modules made from a file: its own, those that took it in, and sheets generated from all files; where the file came
   * or went, also those that list such files.
   */
  madeFrom(file: string, cameOrWent: boolean): ModuleNode[] {
    const scanned = isScanned(file);
    return [...this.#nodes.values()].filter(
      (node) =>
        fileOf(node.id) === file ||
        node.files.includes(file) ||
        (scanned && node.scansProject) ||
        (cameOrWent && node.patterns.length > 0 && picomatch.isMatch(file, [...node.patterns])),
    );
  }

  /**
   * The boundaries that take an update of modules, or null when some path up from one reaches a module that nobody
   * imports: then only a full reload shows the change. Marks everything on the way with `version`.
   */
  boundariesOf(ids: Iterable<string>, version: number): HotBoundary[] | null {
    const boundaries = new Map<string, HotBoundary>();
    const seen = new Set<string>();
    const walk = (at: ModuleNode): boolean => {
      if (seen.has(at.id)) return true;
      seen.add(at.id);
      at.version = version;
      if (at.accepts === "self") {
        boundaries.set(`${at.id}\0${at.id}`, { path: at.id, acceptedPath: at.id });
        return true;
      }
      if (at.importers.size === 0) return false;
      for (const importerId of at.importers) {
        const importer = this.node(importerId);
        if (importer.accepts !== "self" && importer.accepts.includes(at.id)) {
          boundaries.set(`${importerId}\0${at.id}`, { path: importerId, acceptedPath: at.id });
        } else if (!walk(importer)) {
          return false;
        }
      }
      return true;
    };
    const taken = [...ids].map((id) => walk(this.node(id)));
    return taken.every(Boolean) ? [...boundaries.values()] : null;
  }
}
