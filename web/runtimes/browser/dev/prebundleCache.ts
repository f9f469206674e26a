import type { Prebundle, PrebundleCache } from "./prebundle.ts";

const storeName = "bundles";
/** Bundles of the latest dependency sets; a project has one, and a few while its packages change. */
const keep = 24;

/**
 * Prebundles in IndexedDB, keyed by what went into them. A browser that refuses storage (private windows) only makes
 * starts slower, so its failures end here.
 */
export function openPrebundleCache(): PrebundleCache {
  let opened: Promise<IDBDatabase | null> | undefined;
  const database = () => (opened ??= open().catch(() => null));
  let last: { key: string; bundle: Prebundle } | undefined;
  return {
    async get(key) {
      if (last?.key === key) return last.bundle;
      const db = await database();
      if (!db) return undefined;
      const value = (await done(db.transaction(storeName).objectStore(storeName).get(key))) as
        Stored | undefined;
      if (value !== undefined) last = { key, bundle: value.bundle };
      return value?.bundle;
    },
    async set(key, bundle) {
      last = { key, bundle };
      const db = await database();
      if (!db) return;
      const store = db.transaction(storeName, "readwrite").objectStore(storeName);
      await done(store.put({ bundle, at: Date.now() } satisfies Stored, key));
      await prune(db);
    },
  };
}

interface Stored {
  bundle: Prebundle;
  at: number;
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open("coder-prebundles", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName);
  return done(request);
}

async function prune(db: IDBDatabase): Promise<void> {
  const store = db.transaction(storeName, "readwrite").objectStore(storeName);
  const keys = await done(store.getAllKeys());
  if (keys.length <= keep) return;
  const ages: { key: IDBValidKey; at: number }[] = [];
  for (const key of keys) ages.push({ key, at: ((await done(store.get(key))) as Stored).at });
  ages.sort((a, b) => a.at - b.at);
  for (const { key } of ages.slice(0, ages.length - keep)) await done(store.delete(key));
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed."));
  });
}
