import { openStores } from "../fs/indexedDb.ts";
import type { InstallPlan } from "./installPlan.ts";
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

/** The cache of this origin in IndexedDB. A full disk empties it and goes on: it only holds what can be fetched again. */
export async function openPackageCache(factory: IDBFactory): Promise<PackageCache> {
  const stores = await openStores(factory, {
    name: "coder-packages",
    version: 1,
    stores: ["images", "plans"],
  });
  const put = async (store: "images" | "plans", key: string, value: unknown): Promise<void> => {
    try {
      await stores.write(store, [{ key, value }]);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
      await stores.clear("images");
    }
  };
  return {
    async getImages(integrities) {
      const values = await stores.read<PackageImage>("images", integrities);
      return new Map([...values].map(([key, image]) => [key, image]));
    },
    putImage: (image) => put("images", image.integrity, image),
    async getPlan(key) {
      return (await stores.read<InstallPlan>("plans", [key])).get(key);
    },
    putPlan: (key, plan) => put("plans", key, plan),
  };
}
