import type { Draft } from "./workingCopy.ts";

/** Where work in no commit yet is kept between visits. */
export interface DraftStore {
  load(projectId: string): Promise<Draft | null>;
  save(projectId: string, draft: Draft): Promise<void>;
  remove(projectId: string): Promise<void>;
}

const databaseName = "coder-drafts";
const storeName = "drafts";

/** In the browser's IndexedDB (https://www.w3.org/TR/IndexedDB/): a saved draft is there after a crash of the tab. */
export function openDraftStore(indexedDb: IDBFactory = indexedDB): DraftStore {
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> => {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDb.open(databaseName, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(storeName);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("IndexedDB did not open"));
    });
    return opened;
  };
  const run = async <T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    const transaction = (await database()).transaction(storeName, mode, { durability: "relaxed" });
    const request = work(transaction.objectStore(storeName));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("The draft was not saved"));
    });
  };
  return {
    load: async (projectId) =>
      ((await run("readonly", (store) => store.get(projectId))) as Draft | undefined) ?? null,
    save: async (projectId, draft) => {
      await run("readwrite", (store) => store.put(draft, projectId));
    },
    remove: async (projectId) => {
      await run("readwrite", (store) => store.delete(projectId));
    },
  };
}

/** For tests, and for a browser that keeps no data (private windows of some). */
export function makeMemoryDraftStore(): DraftStore {
  const drafts = new Map<string, Draft>();
  return {
    load: (projectId) => Promise.resolve(drafts.get(projectId) ?? null),
    save: (projectId, draft) => {
      drafts.set(projectId, structuredClone(draft));
      return Promise.resolve();
    },
    remove: (projectId) => {
      drafts.delete(projectId);
      return Promise.resolve();
    },
  };
}
