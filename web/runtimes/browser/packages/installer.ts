import { CoderError, toCoderError } from "../../../../shared/errors.ts";
import { packageLayerOf } from "../fs/packagedFs.ts";
import type { InstallOptions, InstalledPackages, ProjectFs } from "../kernelParts.ts";
import { browserExclusions } from "./exclusions.ts";
import { errorOfResponse, toInstallFailure } from "./installFailure.ts";
import type { InstallPlan, PlannedPackage } from "./installPlan.ts";
import { installPlanSchema } from "./installPlan.ts";
import { verifyIntegrity } from "./integrity.ts";
import { KnownPlans } from "./knownPlans.ts";
import type { LockingInstaller } from "./lockUpdate.ts";
import { updateLock } from "./lockUpdate.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import { forgetManifests } from "../dev/resolveModule.ts";
import type { PackageCache } from "./packageCache.ts";
import { createMemoryCache, openPackageCache } from "./packageCache.ts";
import type { ImageLimits, PackageImage } from "./packageImage.ts";
import { createPackageImage, defaultImageLimits, fileIn } from "./packageImage.ts";

export interface InstallerOptions {
  /** Our own proxy of the registry, e.g. "http://localhost:3000/npm". */
  npmUrl: string;
  /** Default: IndexedDB where there is one, else memory. */
  cache?: PackageCache;
  fetch?: typeof fetch;
  /** Default: what the browser runtime has no use for (`browserExclusions`). */
  exclude?: string[];
  limits?: ImageLimits;
}

const parallelDownloads = 12;
/** Uncompressed bytes of all packages: they lie in the kernel's memory. */
const maxInstalledBytes = 1024 * 1024 * 1024;

/**
 * Installs a project's packages into the package layer of its file system (or as plain files into a file system
 * without one). Versions are resolved by our own server; tarballs are fetched in parallel, checked against their
 * checksums and kept unpacked in the cache, so an aborted installation goes on where it stopped, and a repeated one
 * needs no network. What is already in place is left alone.
 */
export function createInstaller(options: InstallerOptions): LockingInstaller {
  // Opening is put off to the first installation, and done once.
  let opened: Promise<Kept> | undefined;
  const kept = (): Promise<Kept> => (opened ??= openKept(options.cache));
  let preparing: Promise<string | null> = Promise.resolve(null);
  return {
    async install(request) {
      await preparing;
      return new Installation(options, await kept(), request).run();
    },
    prepare(fs) {
      const request = { fs, signal: new AbortController().signal, onProgress: () => undefined };
      // Whatever keeps it from being prepared, the installation meets it again and says so.
      preparing = kept()
        .then((kept) => new Installation(options, kept, request).prepare())
        .catch(() => null);
      return preparing;
    },
    updateLock: (fs, signal) => updateLock({ npmUrl: options.npmUrl, fetch: fetchOf(options) }, fs, signal),
  };
}

/** What earlier visits and installations left. */
interface Kept {
  cache: PackageCache;
  plans: KnownPlans;
}

async function openKept(given: PackageCache | undefined): Promise<Kept> {
  const cache = given ?? (await openDefaultCache());
  return { cache, plans: new KnownPlans(cache) };
}

/** Some private windows have the API and refuse to open it: they get a cache that ends with the tab. */
async function openDefaultCache(): Promise<PackageCache> {
  if (!("indexedDB" in globalThis)) return createMemoryCache();
  return openPackageCache(indexedDB).catch((error: unknown) => {
    console.warn("Packages are not kept between visits, IndexedDB cannot be opened:", error);
    return createMemoryCache();
  });
}

/** Wrapped: a bare `fetch` would be called with our object as its receiver, which browsers refuse. */
function fetchOf(options: InstallerOptions): typeof fetch {
  return options.fetch ?? ((input, init) => fetch(input, init));
}

/** What lies in node_modules of a file system without a package layer. */
const installedInPlainFs = new WeakMap<ProjectFs, Map<string, string>>();

class Installation {
  readonly #options: InstallerOptions;
  readonly #cache: PackageCache;
  readonly #plans: KnownPlans;
  readonly #request: InstallOptions;
  readonly #fetch: typeof fetch;
  #downloadedBytes = 0;
  #totalBytes = 0;

  constructor(options: InstallerOptions, { cache, plans }: Kept, request: InstallOptions) {
    this.#options = options;
    this.#cache = cache;
    this.#plans = plans;
    this.#request = request;
    this.#fetch = fetchOf(options);
  }

  async run(): Promise<InstalledPackages> {
    const startedAt = performance.now();
    const { fs, signal } = this.#request;
    signal.throwIfAborted();
    const project = readManifest(fs);
    try {
      const plan = await this.#plan(project?.manifest);
      const images = await this.#images(plan);
      signal.throwIfAborted();
      place(fs, plan, images.byIntegrity);
      // Whoever started the installation: what was resolved before it (or in vain) may be elsewhere now.
      forgetManifests(fs);
      return {
        lockHash: plan.hash,
        installed: plan.packages.map(({ name, version, path }) => ({ name, version, path })),
        fromCache: images.fromCache,
        downloadedBytes: this.#downloadedBytes,
        ms: performance.now() - startedAt,
      };
    } catch (error) {
      // Whoever aborted knows why; it is no failure of the installation.
      if (signal.aborted) throw signal.reason;
      throw toInstallFailure(error, project?.text);
    }
  }

  /** Puts in place what the cache has everything of. The result is the lock hash, or null if it has not. */
  async prepare(): Promise<string | null> {
    const { fs } = this.#request;
    const project = readManifest(fs);
    if (project === undefined) return null;
    const plan = await this.#plans.get(this.#question(project.manifest));
    if (plan === undefined) return null;
    const images = await this.#cache.getImages(plan.packages.map(({ integrity }) => integrity));
    if (!plan.packages.every(({ integrity }) => images.has(integrity))) return null;
    place(fs, plan, images);
    return plan.hash;
  }

  /** What the server is asked to resolve. */
  #question(manifest: Manifest | undefined): string {
    const { fs } = this.#request;
    return JSON.stringify({
      dependencies: manifest?.dependencies ?? {},
      devDependencies: manifest?.devDependencies,
      optionalDependencies: manifest?.optionalDependencies,
      overrides: manifest?.overrides,
      lock: fs.exists("package-lock.json") ? fs.readText("package-lock.json") : undefined,
      exclude: this.#options.exclude ?? browserExclusions,
    });
  }

  async #plan(manifest: Manifest | undefined): Promise<InstallPlan> {
    const { signal } = this.#request;
    this.#request.onProgress({ phase: "resolving", done: 0, total: 1, message: "Resolving packages" });
    const body = this.#question(manifest);
    const known = await this.#plans.get(body);
    if (known !== undefined) return known;
    const response = await this.#fetch(`${this.#options.npmUrl}/-/resolve`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal,
    });
    if (!response.ok) throw await errorOfResponse(response, "Resolving packages");
    const plan = installPlanSchema.parse(await response.json());
    await this.#plans.put(body, plan);
    return plan;
  }

  async #images(plan: InstallPlan): Promise<{ byIntegrity: Map<string, PackageImage>; fromCache: number }> {
    const layer = packageLayerOf(this.#request.fs);
    const mounted = layer?.images() ?? new Map<string, PackageImage>();
    // A package may lie in several places; it is fetched once.
    const wanted = new Map(plan.packages.map((entry) => [entry.integrity, entry]));
    const needed = [...wanted.keys()].filter((integrity) => !mounted.has(integrity));
    const byIntegrity = await this.#cache.getImages(needed);
    const missing = needed
      .filter((integrity) => !byIntegrity.has(integrity))
      .flatMap((integrity) => wanted.get(integrity) ?? []);
    const absent = new Set(missing.map(({ integrity }) => integrity));
    const fromCache = plan.packages.filter(({ integrity }) => !absent.has(integrity)).length;
    for (const image of byIntegrity.values()) this.#count(image);
    await this.#download(missing, byIntegrity);
    // Held here so that unmounting one place cannot lose an image that another place still needs.
    return { byIntegrity: new Map([...mounted, ...byIntegrity]), fromCache };
  }

  #count(image: PackageImage): void {
    this.#totalBytes += image.size;
    if (this.#totalBytes > maxInstalledBytes) {
      throw new CoderError("too_large", "The packages take more than 1 GB. Use the server workspace.", {
        details: { reason: "too_large" },
      });
    }
  }

  async #download(missing: PlannedPackage[], into: Map<string, PackageImage>): Promise<void> {
    // One failure stops the other downloads, but the caller's signal stays untouched.
    const failed = new AbortController();
    const signal = AbortSignal.any([this.#request.signal, failed.signal]);
    const queue = [...missing];
    let done = 0;
    const report = (message: string): void =>
      this.#request.onProgress({ phase: "installing", done, total: missing.length, message });
    report(missing.length === 0 ? "Packages are in place" : `Installing ${missing.length} packages`);
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const image = await this.#fetchPackage(next, signal);
        this.#count(image);
        into.set(next.integrity, image);
        done += 1;
        report(`${next.name}@${next.version}`);
      }
    };
    const workers = Array.from({ length: Math.min(parallelDownloads, missing.length) }, () =>
      work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    // The first failure is the cause; those it aborted have settled too, so nothing runs on in the background.
    const results = await Promise.allSettled(workers);
    if (results.some((result) => result.status === "rejected")) throw failed.signal.reason;
  }

  async #fetchPackage(entry: PlannedPackage, signal: AbortSignal): Promise<PackageImage> {
    const response = await this.#fetch(`${this.#options.npmUrl}${entry.tarball.replace(/^\/npm/, "")}`, {
      signal,
    });
    if (!response.ok) throw await errorOfResponse(response, `Downloading ${entry.name}@${entry.version}`);
    const tarball = new Uint8Array(await response.arrayBuffer());
    this.#downloadedBytes += tarball.length;
    try {
      await verifyIntegrity(tarball, entry.integrity);
      const image = await createPackageImage(
        entry.integrity,
        tarball,
        this.#options.limits ?? defaultImageLimits,
      );
      await this.#cache.putImage(image);
      return image;
    } catch (thrown) {
      const error = toCoderError(thrown);
      throw new CoderError(error.code, `The package ${entry.name}@${entry.version} ${error.message}.`, {
        cause: error,
        details: { reason: "broken_package", package: entry.name },
      });
    }
  }
}

function place(fs: ProjectFs, plan: InstallPlan, images: Map<string, PackageImage>): void {
  const layer = packageLayerOf(fs);
  const present = layer?.mounted() ?? installedInPlainFs.get(fs) ?? new Map<string, string>();
  const wanted = new Map(plan.packages.map((entry) => [entry.path, entry.integrity]));
  for (const [path, integrity] of present) {
    if (wanted.get(path) === integrity) continue;
    if (layer !== undefined) layer.unmount(path);
    else if (fs.exists(path)) fs.rm(path);
  }
  // Parents first, so that a nested package is not removed with the replaced one around it.
  for (const { path, integrity } of plan.packages) {
    if (present.get(path) === integrity && (layer !== undefined || fs.exists(path))) continue;
    const image = images.get(integrity);
    if (image === undefined)
      throw new CoderError("internal", `The package at ${path} was neither cached nor downloaded.`);
    if (layer !== undefined) layer.mount(path, image);
    else writeFiles(fs, path, image);
  }
  if (layer === undefined) installedInPlainFs.set(fs, wanted);
}

function writeFiles(fs: ProjectFs, path: string, image: PackageImage): void {
  for (const [name, file] of image.files) fs.writeFile(`${path}/${name}`, fileIn(image.archive(), file));
}
