/**
 * Limits how many steps run at once in this worker. The rest wait in order, but those of runs that have a sandbox open
 * come first: so there are about as many sandboxes as slots, however many runs wait.
 */
export interface Slots {
  /** Resolves when there is room, with the function that makes room again; rejects when aborted meanwhile. */
  take(signal: AbortSignal, options?: { first?: boolean }): Promise<() => void>;
}

export function makeSlots(limit: number): Slots {
  let free = limit;
  const preferred: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const next = preferred.shift() ?? waiting.shift();
    if (next) next();
    else free += 1;
  };
  const once = (): (() => void) => {
    let released = false;
    return () => {
      if (!released) release();
      released = true;
    };
  };
  return {
    take(signal, options = {}) {
      const queue = options.first ? preferred : waiting;
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          queue.splice(queue.indexOf(start), 1);
          reject(signal.reason as Error);
        };
        const start = (): void => {
          signal.removeEventListener("abort", abort);
          resolve(once());
        };
        queue.push(start);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
  };
}
