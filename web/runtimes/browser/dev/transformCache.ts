import type { CompileContext, CompiledModule } from "../compile/compileModule.ts";
import { openStores, type Stores } from "../fs/indexedDb.ts";

/** A compiled module and all that it was made from. */
interface Kept {
  build: string;
  source: string;
  options: string;
  module: CompiledModule;
}

/** Other projects' modules go when more have been open since. */
const keptProjects = 20;
/** Edits follow each other: what came of them is kept when they pause. */
const quietMs = 250;

/** The build's own name: it carries the hash of the kernel and, through what it loads, of all compilers. */
const build = new URL(import.meta.url).pathname;

/**
 * A project's compiled modules, kept in IndexedDB so that the next visit needs no compiler before its page is there. A
 * browser that refuses storage (private windows) only makes starts slower, so its failures end here.
 */
export class TransformCache {
  readonly #projectId: string;
  readonly #stores: Stores | null;
  readonly #kept: Map<string, Kept>;
  readonly #changed = new Set<string>();
  #saving: ReturnType<typeof setTimeout> | undefined;

  /** Of no project it keeps things for this visit only. */
  static async open(projectId: string | null): Promise<TransformCache> {
    if (projectId === null) return new TransformCache("", null, new Map());
    try {
      const stores = await openStores(indexedDB, {
        name: "coder-transforms",
        version: 1,
        stores: ["modules", "projects"],
      });
      const prefix = keyOf(projectId, "");
      const found = await stores.readPrefix<Kept>("modules", prefix);
      const kept = [...found].filter(([, each]) => each.build === build);
      const byId = new Map(kept.map(([key, each]) => [key.slice(prefix.length), each]));
      return new TransformCache(projectId, stores, byId);
    } catch {
      return new TransformCache(projectId, null, new Map());
    }
  }

  private constructor(projectId: string, stores: Stores | null, kept: Map<string, Kept>) {
    this.#projectId = projectId;
    this.#stores = stores;
    this.#kept = kept;
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  /** The module as it was compiled before from the same text in the same way, else compiled now. */
  async module(
    { project, engine, mode }: CompileContext,
    { id, source }: { id: string; source: string },
    compile: () => Promise<CompiledModule>,
  ): Promise<CompiledModule> {
    const { jsx, framework, classes } = project;
    const options = JSON.stringify([engine.name, mode, jsx, framework, classes]);
    const known = this.#kept.get(id);
    if (known?.source === source && known.options === options) return known.module;
    const module = await compile();
    this.#kept.set(id, { build, source, options, module });
    this.#changed.add(id);
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => void this.#save(), quietMs);
    return module;
  }

  async #save(): Promise<void> {
    const stores = this.#stores;
    if (stores === null) return;
    const entries = [...this.#changed].map((id) => ({
      key: keyOf(this.#projectId, id),
      value: this.#kept.get(id),
    }));
    this.#changed.clear();
    try {
      await stores.write("modules", entries);
      await stores.write("projects", [{ key: this.#projectId, value: Date.now() }]);
      await prune(stores);
    } catch {
      // Full or gone: the next visit compiles again.
    }
  }
}

const keyOf = (projectId: string, id: string): string => `${projectId} ${id}`;

async function prune(stores: Stores): Promise<void> {
  const projects = [...(await stores.readPrefix<number>("projects", ""))].sort(([, a], [, b]) => b - a);
  for (const [projectId] of projects.slice(keptProjects)) {
    const modules = await stores.readPrefix("modules", keyOf(projectId, ""));
    await stores.write(
      "modules",
      [...modules.keys()].map((key) => ({ key })),
    );
    await stores.write("projects", [{ key: projectId }]);
  }
}
