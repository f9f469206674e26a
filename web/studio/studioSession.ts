import { CoderError, toCoderError } from "../../shared/errors.ts";
import { sameBytes } from "../../shared/sameBytes.ts";
import type { FileMap, Runtime } from "../runtimes/runtime.ts";
import type { DraftStore } from "./draftStore.ts";
import { makeWorkingCopy, type ChangeKind, type WorkingCopy } from "./workingCopy.ts";

/** The repository as the Studio uses it: the `files` procedures of the API. */
export interface SessionRepository {
  all(branch: string): Promise<{ commit: string; files: { path: string; content: string }[] } | null>;
  commit(request: {
    branch: string;
    expectedHead: string | null;
    message: string;
    files: { path: string; content: string | null; encoding: "base64" }[];
  }): Promise<{ commit: string }>;
}

export interface SessionOptions {
  projectId: string;
  branch: string;
  repository: SessionRepository;
  drafts: DraftStore;
  /** Milliseconds of quiet before work is saved in the browser. Default 250. */
  saveDelayMs?: number;
}

export type SessionState =
  | { kind: "loading" }
  | { kind: "failed"; error: CoderError }
  | { kind: "ready"; branch: string; head: string | null };

/** What the session tells its listeners. `files` is any change of content or paths; `restored` comes once, after a crash or a closed tab. */
export type SessionEvent =
  | { kind: "state" }
  | { kind: "files"; paths: string[] }
  | {
      kind: "restored";
      files: number;
      savedAt: number;
      branchMoved: boolean;
      /** The commit that the work began on; null in an empty repository. */
      basedOn: string | null;
    }
  | { kind: "save-failed"; error: CoderError };

/** A change that can be taken back. */
export interface Undoable {
  undo(): void;
}

export interface StudioSession {
  readonly state: SessionState;
  readonly copy: WorkingCopy;
  open(): Promise<void>;
  /** Gives the files to a runtime, and keeps both sides equal from then on. */
  attach(runtime: Runtime): Promise<void>;
  write(path: string, content: string | Uint8Array): void;
  /** Throws `conflict` if something is there already. */
  create(path: string, content?: string): void;
  /** A file, or everything below a folder. */
  rename(from: string, to: string): Undoable;
  remove(path: string): Undoable;
  /** Back to how the file is in the commit. */
  revert(path: string): Undoable;
  changes(): Map<string, ChangeKind>;
  /** Commits everything that differs. Throws `conflict` when the branch has moved; nothing is lost then. */
  commit(message: string): Promise<string>;
  /** Takes in what others committed meanwhile; own edits stay on top. Returns the paths that both sides changed. */
  update(): Promise<string[]>;
  flush(): Promise<void>;
  on(listener: (event: SessionEvent) => void): () => void;
  dispose(): Promise<void>;
}

const encoder = new TextEncoder();

/** The open project: its files, what differs from the commit, and where both are kept. Knows nothing of the page. */
export function makeStudioSession(options: SessionOptions): StudioSession {
  const { repository, drafts, projectId, branch, saveDelayMs = 250 } = options;
  const listeners = new Set<(event: SessionEvent) => void>();
  let copy = makeWorkingCopy(null, new Map());
  let state: SessionState = { kind: "loading" };
  let runtime: Runtime | undefined;
  let stopWatching: (() => void) | undefined;
  let saveTimer: ReturnType<typeof setTimeout> | undefined;
  let saving: Promise<void> = Promise.resolve();

  const emit = (event: SessionEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const setState = (next: SessionState): void => {
    state = next;
    emit({ kind: "state" });
  };
  const save = (): Promise<void> => {
    clearTimeout(saveTimer);
    saveTimer = undefined;
    saving = saving
      .then(() => {
        const draft = copy.draft();
        return draft === null ? drafts.remove(projectId) : drafts.save(projectId, draft);
      })
      .catch((error: unknown) => emit({ kind: "save-failed", error: toCoderError(error) }));
    return saving;
  };
  const touched = (paths: string[]): void => {
    clearTimeout(saveTimer);
    saveTimer = setTimeout(() => void save(), saveDelayMs);
    emit({ kind: "files", paths });
  };
  /** Paths whose content is on its way to the runtime. One write at a time: the newest content follows the last one. */
  const outbox = new Map<string, Promise<void>>();
  const send = async (target: Runtime, path: string): Promise<void> => {
    let sent: Uint8Array | undefined;
    do {
      sent = copy.read(path);
      await (sent === undefined ? removeIfThere(target, path) : target.fs.writeFile(path, sent));
    } while (copy.read(path) !== sent);
  };
  const tellRuntime = (path: string): void => {
    if (runtime === undefined || outbox.has(path)) return;
    const sending = send(runtime, path)
      .catch((error: unknown) => emit({ kind: "save-failed", error: toCoderError(error) }))
      .finally(() => outbox.delete(path));
    outbox.set(path, sending);
  };
  const put = (path: string, content: Uint8Array | null): void => {
    if (content === null) copy.remove(path);
    else copy.write(path, content);
    tellRuntime(path);
  };
  const putAll = (files: ReadonlyMap<string, Uint8Array | null>): Undoable => {
    const before = new Map([...files.keys()].map((path) => [path, copy.read(path) ?? null]));
    for (const [path, content] of files) put(path, content);
    touched([...files.keys()]);
    return {
      undo() {
        for (const [path, content] of before) if (copy.has(path) || content !== null) put(path, content);
        touched([...before.keys()]);
      },
    };
  };
  const below = (path: string): string[] =>
    copy.paths().filter((each) => each === path || each.startsWith(`${path}/`));

  /**
   * The runtime's content of a path, or null where it has none. The echo of an edit here may come back after the next
   * one: only what was read while nothing of the path was under way, and nothing was edited, is news.
   */
  const settledRead = async (source: Runtime, path: string): Promise<Uint8Array | null> => {
    for (;;) {
      await outbox.get(path);
      const known = copy.read(path);
      const content = await readIfThere(source, path);
      if (!outbox.has(path) && copy.read(path) === known) return content;
    }
  };
  /** What the runtime changed (a command in the terminal) comes into the copy. */
  const takeIn = async (source: Runtime, paths: string[]): Promise<void> => {
    const changed: string[] = [];
    for (const path of paths) {
      const content = await settledRead(source, path);
      const known = copy.read(path) ?? null;
      if (content === known || (content !== null && known !== null && sameBytes(content, known))) continue;
      if (content === null) copy.remove(path);
      else copy.write(path, content);
      changed.push(path);
    }
    if (changed.length > 0) touched(changed);
  };

  const session: StudioSession = {
    get state() {
      return state;
    },
    get copy() {
      return copy;
    },
    async open() {
      setState({ kind: "loading" });
      try {
        const [found, draft] = await Promise.all([repository.all(branch), drafts.load(projectId)]);
        const files = new Map((found?.files ?? []).map((file) => [file.path, fromBase64(file.content)]));
        copy = makeWorkingCopy(found?.commit ?? null, files);
        if (draft !== null) copy.restore(draft);
        setState({ kind: "ready", branch, head: copy.baseCommit });
        emit({ kind: "files", paths: copy.paths() });
        const restored = copy.changes().size;
        if (draft !== null && restored > 0)
          emit({
            kind: "restored",
            files: restored,
            savedAt: draft.savedAt,
            branchMoved: draft.baseCommit !== copy.baseCommit,
            basedOn: draft.baseCommit,
          });
      } catch (error) {
        setState({ kind: "failed", error: toCoderError(error) });
      }
    },
    async attach(target) {
      const files: FileMap = Object.fromEntries(copy.snapshot());
      await target.mount(files);
      runtime = target;
      // Edits made while it was mounting.
      for (const path of new Set([...Object.keys(files), ...copy.paths()]))
        if (files[path] !== copy.read(path)) tellRuntime(path);
      await Promise.all(outbox.values());
      stopWatching = target.fs.watch((changes) => {
        const paths = changes
          .map((change) => change.path)
          .filter((path) => !/(?:^|\/)(?:node_modules|\.git)(?:\/|$)/.test(path));
        takeIn(target, [...new Set(paths)]).catch((error: unknown) =>
          emit({ kind: "save-failed", error: toCoderError(error) }),
        );
      });
    },
    write(path, content) {
      put(path, typeof content === "string" ? encoder.encode(content) : content);
      touched([path]);
    },
    create(path, content = "") {
      if (below(path).length > 0)
        throw new CoderError("conflict", `There is a ${copy.has(path) ? "file" : "folder"} ${path} already`);
      session.write(path, content);
    },
    rename(from, to) {
      const moved = new Map<string, Uint8Array | null>();
      const sources = below(from);
      if (sources.length === 0) throw new CoderError("not_found", `There is no ${from}`);
      if (to === from || to.startsWith(`${from}/`))
        throw new CoderError("bad_input", `${from} cannot be moved into itself`);
      for (const path of sources) moved.set(path, null);
      for (const path of sources) {
        const target = `${to}${path.slice(from.length)}`;
        if (copy.has(target)) throw new CoderError("conflict", `There is a ${target} already`);
        moved.set(target, copy.read(path) ?? new Uint8Array());
      }
      return putAll(moved);
    },
    remove(path) {
      return putAll(new Map(below(path).map((each) => [each, null])));
    },
    revert(path) {
      return putAll(new Map([[path, copy.base(path) ?? null]]));
    },
    changes: () => copy.changes(),
    async commit(message) {
      const draft = copy.draft();
      if (draft === null) throw new CoderError("bad_input", "Nothing differs from the last commit");
      const files = copy.snapshot();
      const { commit } = await repository.commit({
        branch,
        expectedHead: copy.baseCommit,
        message,
        files: draft.files.map(([path, content]) => ({
          path,
          content: content === null ? null : toBase64(content),
          encoding: "base64",
        })),
      });
      copy.rebase(commit, files);
      await save();
      setState({ kind: "ready", branch, head: commit });
      emit({ kind: "files", paths: draft.files.map(([path]) => path) });
      return commit;
    },
    async update() {
      const found = await repository.all(branch);
      if (found === null || found.commit === copy.baseCommit) return [];
      const theirs = new Map(found.files.map((file) => [file.path, fromBase64(file.content)]));
      const mine = copy.changes();
      const both: string[] = [];
      for (const path of new Set([...theirs.keys(), ...copy.paths()])) {
        const [base, next] = [copy.base(path), theirs.get(path)];
        if (base === next || (base !== undefined && next !== undefined && sameBytes(base, next))) continue;
        if (mine.has(path)) both.push(path);
        else put(path, next ?? null);
      }
      copy.rebase(found.commit, theirs);
      touched(copy.paths());
      setState({ kind: "ready", branch, head: found.commit });
      return both;
    },
    async flush() {
      await (saveTimer === undefined ? saving : save());
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async dispose() {
      stopWatching?.();
      await session.flush();
      listeners.clear();
    },
  };
  return session;
}

async function readIfThere(source: Runtime, path: string): Promise<Uint8Array | null> {
  try {
    return await source.fs.readFile(path);
  } catch (error) {
    if (toCoderError(error).code === "not_found") return null;
    throw error;
  }
}

/** Removes what may never have arrived: a file that was made and deleted within one write. */
async function removeIfThere(target: Runtime, path: string): Promise<void> {
  try {
    await target.fs.rm(path);
  } catch (error) {
    if (toCoderError(error).code !== "not_found") throw error;
  }
}

/** Base64 of bytes of any length (`btoa` takes text, and spreading a large array overflows the stack). */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(binary);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
