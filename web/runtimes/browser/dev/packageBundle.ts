import type { CompileContext } from "../compile/compileModule.ts";
import { pathOf } from "../compile/moduleKind.ts";
import type { Engine } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { createBundleSource } from "./bundleSource.ts";
import type { ImportTargets } from "./importTargets.ts";
import { covers, prebundle, type Prebundle, type PrebundleCache } from "./prebundle.ts";
import type { Project } from "./project.ts";

interface PackageBundleOptions {
  fs: ProjectFs;
  engine: Engine;
  lockHash: string;
  cache: PrebundleCache;
  project(): Project;
  targets: ImportTargets;
  compile(): CompileContext;
  /** Called now and then with the number of modules read, so that a large package is not taken for a hang. */
  onProgress(modules: number): void;
  /** Another bundle took the place of one that pages may have loaded. */
  onReplaced(): void;
}

/** The prebundle of the packages that were imported so far; made anew when an import goes beyond it. */
export class PackageBundle {
  readonly #options: PackageBundleOptions;
  #bundle: Prebundle | null = null;
  #making: Promise<Prebundle> | null = null;

  constructor(options: PackageBundleOptions) {
    this.#options = options;
  }

  async bundle(): Promise<Prebundle> {
    const { dependencies } = this.#options.targets;
    // What was imported while one was being made may need another.
    while (!this.#bundle || !covers(this.#bundle, dependencies.values())) {
      this.#making ??= this.#make().finally(() => {
        this.#making = null;
      });
      await this.#making;
    }
    return this.#bundle;
  }

  async #make(): Promise<Prebundle> {
    const { engine, fs, lockHash, cache, project, targets, compile, onReplaced, onProgress } = this.#options;
    const inner = createBundleSource({
      compile: compile(),
      resolve: (specifier, importer, kind) => targets.resolve(specifier, importer, kind)?.id ?? null,
    });
    let modules = 0;
    const source = {
      ...inner,
      load: (id: string) => {
        if (++modules % 200 === 0) onProgress(modules);
        return inner.load(id);
      },
    };
    const read = (id: string) => (id.startsWith("/@") ? "export {}" : fs.readText(pathOf(id)));
    const bundle = await prebundle({ engine, project: project(), source, read, lockHash, cache }, [
      ...targets.dependencies.values(),
    ]);
    const replaced = this.#bundle !== null && this.#bundle.hash !== bundle.hash;
    this.#bundle = bundle;
    if (replaced) onReplaced();
    return bundle;
  }
}
