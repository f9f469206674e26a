import { sameBytes } from "../../shared/sameBytes.ts";

/** How a file differs from the commit that the work started from. */
export type ChangeKind = "added" | "modified" | "deleted";

/** Work that is in no commit yet: what a crash must not lose. */
export interface Draft {
  baseCommit: string | null;
  /** Content by path; null where the file was deleted. */
  files: [path: string, content: Uint8Array | null][];
  /** Milliseconds since the epoch. */
  savedAt: number;
}

export interface WorkingCopy {
  readonly baseCommit: string | null;
  /** All paths that exist now, sorted. */
  paths(): string[];
  has(path: string): boolean;
  /** Undefined where there is no file. */
  read(path: string): Uint8Array | undefined;
  /** The file as it is in the commit. */
  base(path: string): Uint8Array | undefined;
  write(path: string, content: Uint8Array): void;
  remove(path: string): void;
  changes(): Map<string, ChangeKind>;
  /** Everything that differs from the commit; null when nothing does. */
  draft(): Draft | null;
  /** Puts a draft's files over the present ones. A draft of another commit is laid over this one as it is. */
  restore(draft: Draft): void;
  /** The files as they are now become the commit's. */
  rebase(commit: string, base: ReadonlyMap<string, Uint8Array>): void;
  snapshot(): Map<string, Uint8Array>;
}

/** The project's files in memory, over the commit they came from. Plain: it knows neither runtime nor storage. */
export function makeWorkingCopy(
  baseCommit: string | null,
  files: ReadonlyMap<string, Uint8Array>,
): WorkingCopy {
  let commit = baseCommit;
  let base = new Map(files);
  const current = new Map(files);
  const changes = new Map<string, ChangeKind>();

  const compare = (path: string): void => {
    const [before, after] = [base.get(path), current.get(path)];
    const kind = changeKind(before, after);
    if (kind === null) changes.delete(path);
    else changes.set(path, kind);
  };
  const put = (path: string, content: Uint8Array | null): void => {
    if (content === null) current.delete(path);
    else current.set(path, content);
    compare(path);
  };

  return {
    get baseCommit() {
      return commit;
    },
    paths: () => [...current.keys()].sort(),
    has: (path) => current.has(path),
    read: (path) => current.get(path),
    base: (path) => base.get(path),
    write: (path, content) => put(path, content),
    remove: (path) => put(path, null),
    changes: () => new Map([...changes].sort(([a], [b]) => (a < b ? -1 : 1))),
    draft() {
      if (changes.size === 0) return null;
      const drafted = [...changes.keys()].map((path): [string, Uint8Array | null] => [
        path,
        current.get(path) ?? null,
      ]);
      return { baseCommit: commit, files: drafted, savedAt: Date.now() };
    },
    restore(draft) {
      for (const [path, content] of draft.files) put(path, content);
    },
    rebase(newCommit, newBase) {
      commit = newCommit;
      base = new Map(newBase);
      changes.clear();
      for (const path of new Set([...base.keys(), ...current.keys()])) compare(path);
    },
    snapshot: () => new Map(current),
  };
}

function changeKind(before: Uint8Array | undefined, after: Uint8Array | undefined): ChangeKind | null {
  if (before === undefined) return after === undefined ? null : "added";
  if (after === undefined) return "deleted";
  return sameBytes(before, after) ? null : "modified";
}
