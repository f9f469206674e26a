export type KeyedLock = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Runs work of one key one after the other, in the order of the calls; different keys do not wait for each other. */
export function makeKeyedLock(): KeyedLock {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    // Whether the one before succeeded is its caller's business.
    const mine = before.then(work, work);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
