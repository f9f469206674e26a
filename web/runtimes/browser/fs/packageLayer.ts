import type { DirEntry } from "../../runtime.ts";
import type { PackageImage } from "../packages/packageImage.ts";

/**
 * The read-only part of `node_modules`: package images shown as folders, without one object per file. What is written
 * or removed inside is kept apart by the project's file system (written files win, removed paths are hidden here).
 * Paths are relative to the project root ("node_modules/react/index.js").
 */
export interface PackageLayer {
  /** Shows an image at a path, replacing what lay there. */
  mount(path: string, image: PackageImage): void;
  unmount(path: string): void;
  /** Checksums by path of what is mounted. */
  mounted(): Map<string, string>;
  /** The mounted images by checksum. */
  images(): Map<string, PackageImage>;
  /** The bytes of a file, not copied: callers must not change or transfer them. */
  read(path: string): Uint8Array | undefined;
  stat(path: string): { kind: "file" | "directory"; size: number } | undefined;
  /** Unsorted entries, or undefined if there is no such directory. */
  readdir(path: string): DirEntry[] | undefined;
  /** Hides a path and everything below it until a package is mounted there again. */
  hide(path: string): void;
}

type Directory = Map<string, "file" | "directory">;

/** Folders of an image, made when somebody first lists or resolves in it. */
const directoriesOfImage = new WeakMap<PackageImage, Map<string, Directory>>();

function directoriesOf(image: PackageImage): Map<string, Directory> {
  const known = directoriesOfImage.get(image);
  if (known !== undefined) return known;
  const directories = new Map<string, Directory>([["", new Map()]]);
  for (const file of image.files.keys()) addPath(directories, file, "file");
  directoriesOfImage.set(image, directories);
  return directories;
}

function addPath(directories: Map<string, Directory>, path: string, kind: "file" | "directory"): void {
  let child = path;
  let childKind = kind;
  for (;;) {
    const slash = child.lastIndexOf("/");
    const parent = slash === -1 ? "" : child.slice(0, slash);
    const existing = directories.get(parent);
    const directory = existing ?? new Map();
    directory.set(child.slice(slash + 1), childKind);
    if (existing !== undefined) return;
    directories.set(parent, directory);
    if (parent === "") return;
    child = parent;
    childKind = "directory";
  }
}

/** The places a path could belong to, innermost first: "node_modules/a/node_modules/b/x" to b, then a. */
function* packageFolders(path: string): Generator<string> {
  for (
    let at = path.lastIndexOf("node_modules/");
    at !== -1;
    at = at === 0 ? -1 : path.lastIndexOf("node_modules/", at - 1)
  ) {
    const start = at + "node_modules/".length;
    let end = path.indexOf("/", start);
    if (path[start] === "@" && end !== -1) end = path.indexOf("/", end + 1);
    yield end === -1 ? path : path.slice(0, end);
  }
}

export function createPackageLayer(): PackageLayer {
  const mounts = new Map<string, PackageImage>();
  const hidden = new Set<string>();
  /** Folders that exist only because packages lie below them: "node_modules", "node_modules/@scope". */
  let virtual: Map<string, Directory> | undefined;

  function virtualDirectories(): Map<string, Directory> {
    if (virtual !== undefined) return virtual;
    virtual = new Map();
    for (const path of mounts.keys()) {
      if (!isHidden(path)) addPath(virtual, path, "directory");
    }
    return virtual;
  }

  function isHidden(path: string): boolean {
    if (hidden.size === 0) return false;
    for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
      if (hidden.has(at)) return true;
    }
    return false;
  }

  function locate(path: string): { image: PackageImage; inside: string } | undefined {
    if (isHidden(path)) return undefined;
    for (const folder of packageFolders(path)) {
      const image = mounts.get(folder);
      if (image !== undefined) return { image, inside: path.slice(folder.length + 1) };
    }
    return undefined;
  }

  return {
    mount(path, image) {
      mounts.set(path, image);
      for (const entry of hidden) if (entry === path || entry.startsWith(`${path}/`)) hidden.delete(entry);
      // A parent that was removed as a whole exists again, with nothing else in it.
      for (let at = path; at.includes("/"); at = at.slice(0, at.lastIndexOf("/")))
        hidden.delete(at.slice(0, at.lastIndexOf("/")));
      virtual = undefined;
    },
    unmount(path) {
      mounts.delete(path);
      virtual = undefined;
    },
    mounted: () => new Map([...mounts].map(([path, image]) => [path, image.integrity])),
    images: () => new Map([...mounts.values()].map((image) => [image.integrity, image])),
    read(path) {
      const place = locate(path);
      return place?.image.read(place.inside);
    },
    stat(path) {
      const place = locate(path);
      const file = place?.image.files.get(place.inside);
      if (file !== undefined) return { kind: "file", size: file.size };
      const isDirectory = place !== undefined && directoriesOf(place.image).has(place.inside);
      return isDirectory || (!isHidden(path) && virtualDirectories().has(path))
        ? { kind: "directory", size: 0 }
        : undefined;
    },
    readdir(path) {
      if (isHidden(path)) return undefined;
      const place = locate(path);
      const real = place === undefined ? undefined : directoriesOf(place.image).get(place.inside);
      const added = virtualDirectories().get(path);
      if (real === undefined && added === undefined) return undefined;
      return [...new Map([...(real ?? []), ...(added ?? [])])]
        .filter(([name]) => !isHidden(`${path}/${name}`))
        .map(([name, kind]) => ({ name, kind }));
    },
    hide(path) {
      // Packages at or below are gone for good; hiding is for single files inside one that stays.
      for (const mount of mounts.keys())
        if (mount === path || mount.startsWith(`${path}/`)) mounts.delete(mount);
      hidden.add(path);
      virtual = undefined;
    },
  };
}
