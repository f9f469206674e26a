/** Who asks for a place. */
export interface Asking {
  orgId: string;
  /** Its run has a sandbox open: it goes before its organisation's runs that have none. */
  first?: boolean;
}

/**
 * Limits how many steps run at once in this worker. Organisations take turns, however many steps each has waiting;
 * within one the rest wait in order, but those of runs that have a sandbox open come first: so there are about as many
 * sandboxes as slots, however many runs wait.
 */
export interface Slots {
  /** Resolves when there is room, with the function that makes room again; rejects when aborted meanwhile. */
  take(signal: AbortSignal, asking: Asking): Promise<() => void>;
}

interface Line {
  preferred: (() => void)[];
  waiting: (() => void)[];
}

export function makeSlots(limit: number): Slots {
  let free = limit;
  // In the order of their turns: whoever was served goes to the end.
  const lines = new Map<string, Line>();
  const next = (): (() => void) | undefined => {
    for (const [orgId, line] of lines) {
      const start = line.preferred.shift() ?? line.waiting.shift();
      lines.delete(orgId);
      if (line.preferred.length + line.waiting.length > 0) lines.set(orgId, line);
      if (start) return start;
    }
    return undefined;
  };
  const once = (): (() => void) => {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const start = next();
      if (start) start();
      else free += 1;
    };
  };
  return {
    take(signal, asking) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(once());
      }
      const line = lines.get(asking.orgId) ?? { preferred: [], waiting: [] };
      lines.set(asking.orgId, line);
      const queue = asking.first ? line.preferred : line.waiting;
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
