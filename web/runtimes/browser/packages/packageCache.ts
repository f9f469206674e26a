import { openStores } from "../fs/indexedDb.ts";
import type { InstallPlan } from "./installPlan.ts";
import { fromKept, toKept, type KeptImage } from "./keptImage.ts";
import type { PackageImage } from "./packageImage.ts";

/** What survives between visits: unpacked packages by checksum, and install plans by what was asked for. */
export interface PackageCache {
  /** Those of `integrities` that are cached. */
  getImages(integrities: string[]): Promise<Map<string, PackageImage>>;
  putImage(image: PackageImage): Promise<void>;
  getPlan(key: string): Promise<InstallPlan | undefined>;
  putPlan(key: string, plan: InstallPlan): Promise<void>;
}

/** A cache that ends with the process: for tests, and where IndexedDB is missing (private windows of some browsers). */
export function createMemoryCache(): PackageCache {
  const images = new Map<string, PackageImage>();
  const plans = new Map<string, InstallPlan>();
  return {
    async getImages(integrities) {
      const found = new Map<string, PackageImage>();
      for (const integrity of integrities) {
        const image = images.get(integrity);
        if (image !== undefined) found.set(integrity, image);
      }
      return found;
    },
    async putImage(image) {
      images.set(image.integrity, image);
    },
    async getPlan(key) {
      return plans.get(key);
    },
    async putPlan(key, plan) {
      plans.set(key, plan);
    },
  };
}

/**
 * The cache of this origin in IndexedDB. A full disk empties it and goes on, and so does a browser that keeps nothing: it
 * only holds what can be fetched again.
 */
export async function openPackageCache(factory: IDBFactory): Promise<PackageCache> {
  const stores = await openStores(factory, {
    name: "coder-packages",
    version: 2,
    stores: ["packages", "plans"],
  });
  const put = async (store: "packages" | "plans", key: string, value: unknown): Promise<void> => {
    try {
      await stores.write(store, [{ key, value }]);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      if (error.name === "QuotaExceededError") await stores.clear("packages");
      // Some browsers keep no blobs in private windows.
      else console.warn("A package is not kept for the next visit:", error);
    }
  };
  return {
    async getImages(integrities) {
      if (integrities.length === 0) return new Map();
      const kept = await stores.read<KeptImage>("packages", integrities);
      const images = [...kept].map(async ([key, each]): Promise<[string, PackageImage]> => {
        const lost = (): void => void stores.write("packages", [{ key }]).catch(() => undefined);
        return [key, await fromKept(each, lost)];
      });
      return new Map(await Promise.all(images));
    },
    putImage: (image) => put("packages", image.integrity, toKept(image)),
    async getPlan(key) {
      return (await stores.read<InstallPlan>("plans", [key])).get(key);
    },
    putPlan: (key, plan) => put("plans", key, plan),
  };
}
