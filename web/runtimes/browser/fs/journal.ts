import { openStores } from "./indexedDb.ts";

/** What is kept of one path. Directories are kept too, because an empty one has no file to imply it. */
export type JournalEntry =
  | { kind: "file"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "directory" }
  | { kind: "symlink"; target: string };

/** Where a project's files survive a crash of the tab. */
export interface Journal {
  load(): Promise<Map<string, JournalEntry>>;
  /** Keeps one batch of changes, all or nothing; `undefined` forgets the path. */
  write(changes: Map<string, JournalEntry | undefined>): Promise<void>;
}

/** The journal of one project in this origin's IndexedDB. */
export async function openJournal(factory: IDBFactory, projectId: string): Promise<Journal> {
  const stores = await openStores(factory, { name: "coder-project-files", version: 1, stores: ["files"] });
  const prefix = `${encodeURIComponent(projectId)}/`;
  return {
    async load() {
      const entries = await stores.readPrefix<JournalEntry>("files", prefix);
      return new Map([...entries].map(([key, entry]) => [key.slice(prefix.length), entry]));
    },
    write: (changes) =>
      stores.write(
        "files",
        [...changes].map(([path, value]) => ({ key: prefix + path, value })),
      ),
  };
}

/**
 * Writes changed paths behind the caller's back: at once when idle, and as one batch what came in during a write, so
 * a burst of edits costs two transactions and at most one transaction's time can be lost.
 */
export class JournalWriter {
  readonly #journal: Journal;
  readonly #read: (path: string) => JournalEntry | undefined;
  readonly #onError: (error: unknown) => void;
  #pending = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(
    journal: Journal,
    options: { read: (path: string) => JournalEntry | undefined; onError: (error: unknown) => void },
  ) {
    this.#journal = journal;
    this.#read = options.read;
    this.#onError = options.onError;
  }

  /** The path was written or removed; its state is read when its batch is written. */
  touch(path: string): void {
    this.#pending.add(path);
    this.#running ??= this.#drain();
  }

  /** Resolves when everything touched so far is kept. Rejects if it cannot be. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#pending.size > 0) await this.#writeBatch();
  }

  async #drain(): Promise<void> {
    // One turn later, so that a synchronous burst (a mount, a checkout) is one batch.
    await Promise.resolve();
    try {
      while (this.#pending.size > 0) await this.#writeBatch();
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#pending;
    this.#pending = new Set();
    try {
      await this.#journal.write(new Map([...batch].map((path) => [path, this.#read(path)])));
    } catch (error) {
      // Kept for the next change or flush: a full disk may have room by then.
      for (const path of batch) this.#pending.add(path);
      throw error;
    }
  }
}
