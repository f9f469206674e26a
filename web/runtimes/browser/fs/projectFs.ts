import { Volume, createFsFromVolume } from "memfs";
import { CoderError } from "../../../../shared/errors.ts";
import type { DirEntry, FileChange } from "../../runtime.ts";
import { ChangeFeed } from "./changeFeed.ts";
import { createRawFs } from "./rawFs.ts";
import type { RawFs } from "./rawFs.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { JournalWriter, openJournal } from "./journal.ts";
import type { PackagedFs } from "./packagedFs.ts";
import type { PackageLayer } from "./packageLayer.ts";
import { createPackageLayer } from "./packageLayer.ts";
import { hasSegment, projectRoot, relativePath } from "./projectPath.ts";

export interface ProjectFsOptions {
  /** Names the journal. */
  projectId: string;
  /** Whether the files survive the tab. Without IndexedDB they do not, whatever this says. */
  persist: boolean;
  /** Default: the project's journal in IndexedDB. */
  journal?: Journal;
  /** Called when changes could not be kept; they are tried again with the next one. Default: the console. */
  onPersistError?: (error: unknown) => void;
}

/** The project's file system with what only its owner needs. */
export interface PersistentProjectFs extends PackagedFs {
  /** The promises API that isomorphic-git wants, watched and persisted like everything else. Without the packages. */
  readonly raw: RawFs;
  /** Resolves when all changes so far are kept. */
  flush(): Promise<void>;
}

/** What is read of memfs's `Stats`; its overloads cannot be named by `ReturnType`. */
interface MemoryStats {
  size: number;
  mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** npm's own date for files of packages: they have none that means anything. */
const packageMtimeMs = 499_162_500_000;

/**
 * Creates the file system of a project: user files in memfs, installed packages in a read-only layer below
 * `node_modules` that costs no object per file, changes watched and kept in a journal (never `node_modules`).
 * With a journal, the files of the last visit are there again.
 */
export async function createProjectFs(options: ProjectFsOptions): Promise<PersistentProjectFs> {
  const onError = options.onPersistError ?? reportPersistError;
  const journal = options.persist
    ? (options.journal ?? (await defaultJournal(options.projectId, onError)))
    : undefined;
  const fs = new MemoryProjectFs(journal, onError);
  await fs.restore();
  return fs;
}

/** Some private windows have IndexedDB and refuse to open it: the project still works, and says that it is not kept. */
async function defaultJournal(
  projectId: string,
  onError: (error: unknown) => void,
): Promise<Journal | undefined> {
  if (!("indexedDB" in globalThis)) return undefined;
  return openJournal(indexedDB, projectId).catch((error: unknown) => {
    onError(error);
    return undefined;
  });
}

function reportPersistError(error: unknown): void {
  console.error(
    "Changes could not be kept in this browser; they are tried again with the next change.",
    error,
  );
}

function isPackagePath(path: string): boolean {
  return path === "node_modules" || path.startsWith("node_modules/");
}

function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function toFsError(error: unknown, path: string): CoderError {
  if (error instanceof CoderError) return error;
  const code = errorCodeOf(error);
  if (code === "ENOENT")
    return new CoderError("not_found", `There is no "${path}" in the project.`, { cause: error });
  if (code === "EISDIR") return new CoderError("conflict", `"${path}" is a directory.`, { cause: error });
  if (code === "ENOTDIR")
    return new CoderError("conflict", `A part of "${path}" is a file, not a directory.`, { cause: error });
  if (code === "EEXIST") return new CoderError("conflict", `"${path}" exists already.`, { cause: error });
  return new CoderError("conflict", `"${path}": ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

function absolute(path: string): string {
  return path === "" ? projectRoot : `${projectRoot}/${path}`;
}

class MemoryProjectFs implements PersistentProjectFs {
  readonly packages: PackageLayer;
  readonly raw: RawFs;
  readonly #volume = new Volume();
  readonly #journal: Journal | undefined;
  readonly #writer: JournalWriter | undefined;
  readonly #feed = new ChangeFeed();

  constructor(journal: Journal | undefined, onError: (error: unknown) => void) {
    this.#journal = journal;
    this.#volume.mkdirSync(projectRoot, { recursive: true });
    const layer = createPackageLayer();
    this.packages = {
      ...layer,
      mount: (path, image) => {
        // What was changed by hand belongs to the package that lay here before.
        this.#volume.rmSync(absolute(path), { recursive: true, force: true });
        layer.mount(path, image);
      },
    };
    this.raw = createRawFs(createFsFromVolume(this.#volume).promises, {
      touched: (path) => this.#touched(relativePath(path) + (path.endsWith("/") ? "/" : "")),
      treeAt: (path) => this.#treeOf(relativePath(path)),
    });
    if (journal !== undefined)
      this.#writer = new JournalWriter(journal, { read: (path) => this.#entryOf(path), onError });
  }

  async restore(): Promise<void> {
    const entries = (await this.#journal?.load()) ?? new Map<string, JournalEntry>();
    for (const [path, entry] of entries) {
      const target = absolute(relativePath(path));
      const parent = target.slice(0, target.lastIndexOf("/"));
      this.#volume.mkdirSync(entry.kind === "directory" ? target : parent, { recursive: true });
      if (entry.kind === "file") this.#volume.writeFileSync(target, entry.bytes);
      else if (entry.kind === "symlink") this.#volume.symlinkSync(entry.target, target);
    }
  }

  async flush(): Promise<void> {
    await this.#writer?.flush();
  }

  readFile(path: string): Uint8Array<ArrayBuffer> {
    const relative = relativePath(path);
    const packaged = this.#packaged(relative);
    if (packaged !== undefined) return packaged.slice();
    return this.#try(relative, (target) => new Uint8Array(this.#volume.readFileSync(target) as Uint8Array));
  }

  readText(path: string): string {
    const relative = relativePath(path);
    const packaged = this.#packaged(relative);
    if (packaged !== undefined) return new TextDecoder().decode(packaged);
    return this.#try(relative, (target) => this.#volume.readFileSync(target, "utf8") as string);
  }

  writeFile(path: string, content: string | Uint8Array): void {
    const relative = relativePath(path);
    this.#try(relative, (target) => {
      if (this.#kindInLayer(relative) === "directory")
        throw new CoderError("conflict", `"${relative}" is a directory.`);
      this.#makeDirectories(relative.slice(0, Math.max(0, relative.lastIndexOf("/"))));
      this.#volume.writeFileSync(target, content);
    });
    this.#touched(relative);
  }

  exists(path: string): boolean {
    const relative = relativePath(path);
    return this.#volume.existsSync(absolute(relative)) || this.#kindInLayer(relative) !== undefined;
  }

  stat(path: string): { kind: "file" | "directory"; size: number; mtimeMs: number } {
    const relative = relativePath(path);
    const stats = this.#statInMemory(relative);
    if (stats !== undefined) {
      const isDirectory = stats.isDirectory();
      return {
        kind: isDirectory ? "directory" : "file",
        size: isDirectory ? 0 : stats.size,
        mtimeMs: stats.mtimeMs,
      };
    }
    const packaged = isPackagePath(relative) ? this.packages.stat(relative) : undefined;
    if (packaged !== undefined) return { ...packaged, mtimeMs: packageMtimeMs };
    throw new CoderError("not_found", `There is no "${relative}" in the project.`);
  }

  readdir(path: string): DirEntry[] {
    const relative = relativePath(path);
    const entries = new Map<string, DirEntry["kind"]>();
    const packaged = isPackagePath(relative) || relative === "" ? this.#layerEntries(relative) : undefined;
    for (const { name, kind } of packaged ?? []) entries.set(name, kind);
    if (packaged === undefined || this.#volume.existsSync(absolute(relative))) {
      for (const name of this.#try(relative, (target) => this.#volume.readdirSync(target) as string[])) {
        const child = relative === "" ? name : `${relative}/${name}`;
        entries.set(name, this.#statInMemory(child)?.isDirectory() === true ? "directory" : "file");
      }
    }
    return [...entries].map(([name, kind]) => ({ name, kind })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  mkdir(path: string): void {
    const relative = relativePath(path);
    this.#try(relative, () => {
      // memfs accepts a file where a directory is asked for.
      const isFile =
        this.#kindInLayer(relative) === "file" || this.#statInMemory(relative)?.isFile() === true;
      if (isFile) throw new CoderError("conflict", `"${relative}" is a file.`);
      this.#makeDirectories(relative);
    });
  }

  rm(path: string): void {
    const relative = relativePath(path);
    const inLayer = this.#kindInLayer(relative) !== undefined;
    if (relative === "") throw new CoderError("bad_input", "The project's root cannot be removed.");
    if (!inLayer && this.#linkStat(relative) === undefined)
      throw new CoderError("not_found", `There is no "${relative}" in the project.`);
    const removed = this.#treeOf(relative);
    this.#volume.rmSync(absolute(relative), { recursive: true, force: true });
    if (inLayer) this.packages.hide(relative);
    for (const gone of removed) this.#touched(gone);
  }

  rename(from: string, to: string): void {
    const source = relativePath(from);
    const target = relativePath(to);
    if (source === "" || target === source) return;
    if (target.startsWith(`${source}/`))
      throw new CoderError("conflict", `"${source}" cannot be moved into itself.`);
    this.stat(source);
    if (this.#kindInLayer(source) !== undefined) return this.#renameOutOfLayer(source, target);
    const removed = this.#treeOf(source);
    const replaced = this.#treeOf(target);
    this.#try(target, (path) => {
      this.#makeDirectories(target.slice(0, Math.max(0, target.lastIndexOf("/"))));
      this.#volume.renameSync(absolute(source), path);
    });
    for (const path of [...removed, ...replaced, ...this.#treeOf(target)]) this.#touched(path);
  }

  list(): string[] {
    const files = this.#treeOf("")
      .filter((path) => !path.endsWith("/"))
      .filter((path) => !hasSegment(path, "node_modules") && !hasSegment(path, ".git"));
    return files.filter((path) => this.#statInMemory(path)?.isFile() === true).sort();
  }

  watch(listener: (changes: FileChange[]) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  /** A layer's files are copied to their new place: the image itself never changes. */
  #renameOutOfLayer(source: string, target: string): void {
    const copy = (path: string): void => {
      const destination = target + path.slice(source.length);
      if (this.stat(path).kind === "file") return this.writeFile(destination, this.readFile(path));
      this.mkdir(destination);
      for (const { name } of this.readdir(path)) copy(`${path}/${name}`);
    };
    copy(source);
    this.rm(source);
  }

  #layerEntries(path: string): DirEntry[] | undefined {
    if (path !== "") return this.packages.readdir(path);
    return this.packages.stat("node_modules") === undefined
      ? undefined
      : [{ name: "node_modules", kind: "directory" }];
  }

  #kindInLayer(path: string): "file" | "directory" | undefined {
    return isPackagePath(path) ? this.packages.stat(path)?.kind : undefined;
  }

  /** The bytes of a package's file unless somebody wrote over it. */
  #packaged(path: string): Uint8Array | undefined {
    if (!isPackagePath(path)) return undefined;
    const bytes = this.packages.read(path);
    return bytes === undefined || this.#volume.existsSync(absolute(path)) ? undefined : bytes;
  }

  #statInMemory(path: string): MemoryStats | undefined {
    return this.#volume.statSync(absolute(path), { throwIfNoEntry: false });
  }

  #linkStat(path: string): MemoryStats | undefined {
    return this.#volume.lstatSync(absolute(path), { throwIfNoEntry: false });
  }

  #makeDirectories(path: string): void {
    if (path === "") return;
    const first = this.#volume.mkdirSync(absolute(path), { recursive: true });
    if (first === undefined) return;
    // Every directory from the first new one down is kept, so that an empty one survives.
    const start = relativePath(first).split("/").length;
    const parts = path.split("/");
    for (let count = start; count <= parts.length; count += 1) this.#touched(parts.slice(0, count).join("/"));
  }

  #try<T>(path: string, action: (target: string) => T): T {
    try {
      return action(absolute(path));
    } catch (error) {
      throw toFsError(error, path);
    }
  }

  /** A path of the user's files and everything below it (directories too), without packages and the root. Directories end in "/". */
  #treeOf(path: string): string[] {
    const stats = this.#linkStat(path);
    if (stats === undefined) return [];
    if (!stats.isDirectory()) return [path];
    const paths = path === "" ? [] : [`${path}/`];
    for (const name of this.#volume.readdirSync(absolute(path)) as string[]) {
      paths.push(...this.#treeOf(path === "" ? name : `${path}/${name}`));
    }
    return paths;
  }

  #entryOf(path: string): JournalEntry | undefined {
    const stats = this.#linkStat(path);
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink())
      return { kind: "symlink", target: String(this.#volume.readlinkSync(absolute(path))) };
    if (stats.isDirectory()) return { kind: "directory" };
    return { kind: "file", bytes: new Uint8Array(this.#volume.readFileSync(absolute(path)) as Uint8Array) };
  }

  /** Something happened at a path (a directory's ends in "/" if it was one): it is kept and told. */
  #touched(marked: string): void {
    const wasDirectory = marked.endsWith("/");
    const path = wasDirectory ? marked.slice(0, -1) : marked;
    if (path === "" || hasSegment(path, "node_modules")) return;
    this.#writer?.touch(path);
    if (hasSegment(path, ".git")) return;
    const stats = this.#statInMemory(path);
    if (stats === undefined && !wasDirectory) this.#feed.push({ path, kind: "delete" });
    else if (stats !== undefined && !stats.isDirectory()) this.#feed.push({ path, kind: "write" });
  }
}
