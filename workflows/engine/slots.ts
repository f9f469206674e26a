/** Limits how many steps run at once in this worker; the rest wait in order. */
export interface Slots {
  /** Resolves when there is room, with the function that makes room again; rejects when aborted meanwhile. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function makeSlots(limit: number): Slots {
  let free = limit;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const next = waiting.shift();
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
    take(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          waiting.splice(waiting.indexOf(start), 1);
          reject(signal.reason as Error);
        };
        const start = (): void => {
          signal.removeEventListener("abort", abort);
          resolve(once());
        };
        waiting.push(start);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
  };
}
