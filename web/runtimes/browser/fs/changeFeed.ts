import type { FileChange } from "../../runtime.ts";

/** Collects changes during one turn of the event loop and tells them as one sorted list, the last state of each path. */
export class ChangeFeed {
  readonly #listeners = new Set<(changes: FileChange[]) => void>();
  #pending = new Map<string, FileChange["kind"]>();
  #isScheduled = false;

  push(change: FileChange): void {
    if (this.#listeners.size === 0) return;
    this.#pending.set(change.path, change.kind);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  subscribe(listener: (changes: FileChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #deliver(): void {
    this.#isScheduled = false;
    const changes = [...this.#pending]
      .map(([path, kind]) => ({ path, kind }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    this.#pending = new Map();
    for (const listener of this.#listeners) {
      try {
        listener(changes);
      } catch (error) {
        // A broken listener must not keep the others from hearing; the error still surfaces as uncaught.
        reportError(error);
      }
    }
  }
}

function reportError(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
