/** A small promise-shaped view of IndexedDB: string keys, several stores, whole-batch transactions. */
export interface Stores {
  /** The values of those keys that exist, in one transaction. */
  read<T>(store: string, keys: string[]): Promise<Map<string, T>>;
  /** Every entry whose key starts with the prefix. */
  readPrefix<T>(store: string, prefix: string): Promise<Map<string, T>>;
  /** All or nothing; an absent `value` deletes the key. */
  write(store: string, entries: { key: string; value?: unknown }[]): Promise<void>;
  clear(store: string): Promise<void>;
  close(): void;
}

function finished(request: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    request.oncomplete = () => resolve();
    request.onerror = () => reject(request.error ?? new Error("IndexedDB transaction failed"));
    request.onabort = () => reject(request.error ?? new Error("IndexedDB transaction aborted"));
  });
}

function opened(
  factory: IDBFactory,
  name: string,
  options: { version: number; stores: string[] },
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, options.version);
    request.onupgradeneeded = () => {
      const known = request.result.objectStoreNames;
      for (const store of options.stores) if (!known.contains(store)) request.result.createObjectStore(store);
      for (const store of known) if (!options.stores.includes(store)) request.result.deleteObjectStore(store);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error(`IndexedDB "${name}" cannot be opened`));
  });
}

/**
 * Opens a database with the given stores; with a new version, missing ones are made and others deleted. The connection
 * gives way when another tab needs to upgrade or delete the database. Errors are the browser's `DOMException`s.
 */
export async function openStores(
  factory: IDBFactory,
  options: { name: string; version: number; stores: string[] },
): Promise<Stores> {
  const database = await opened(factory, options.name, options);
  database.onversionchange = () => database.close();
  return {
    async read<T>(store: string, keys: string[]) {
      const transaction = database.transaction(store, "readonly");
      const values = new Map<string, T>();
      for (const key of keys) {
        const request = transaction.objectStore(store).get(key) as IDBRequest<T | undefined>;
        request.onsuccess = () => {
          if (request.result !== undefined) values.set(key, request.result);
        };
      }
      await finished(transaction);
      return values;
    },
    async readPrefix<T>(store: string, prefix: string) {
      const transaction = database.transaction(store, "readonly");
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const keys = transaction.objectStore(store).getAllKeys(range);
      const values = transaction.objectStore(store).getAll(range) as IDBRequest<T[]>;
      await finished(transaction);
      return new Map(keys.result.map((key, index) => [key as string, values.result[index] as T]));
    },
    async write(store, entries) {
      const transaction = database.transaction(store, "readwrite");
      const objects = transaction.objectStore(store);
      for (const { key, value } of entries) {
        if (value === undefined) objects.delete(key);
        else objects.put(value, key);
      }
      await finished(transaction);
    },
    async clear(store) {
      const transaction = database.transaction(store, "readwrite");
      transaction.objectStore(store).clear();
      await finished(transaction);
    },
    close: () => database.close(),
  };
}
