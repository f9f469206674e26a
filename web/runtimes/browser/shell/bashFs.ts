import type { CpOptions, FileContent, FsStat, IFileSystem, MkdirOptions, RmOptions } from "just-bash/browser";
import { CoderError } from "../../../../shared/errors.ts";
import type { ProjectFs } from "../kernelParts.ts";

/** The message shape of Node's errors, which just-bash's commands read to phrase theirs. */
function systemError(code: string, text: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${text}, '${path}'`), { code });
}

function toSystemError(error: unknown, path: string): Error {
  if (!(error instanceof CoderError)) return error instanceof Error ? error : new Error(String(error));
  if (error.code === "not_found") return systemError("ENOENT", "no such file or directory", path);
  if (error.message.includes("is a directory"))
    return systemError("EISDIR", "illegal operation on a directory", path);
  if (error.message.includes("not a directory")) return systemError("ENOTDIR", "not a directory", path);
  if (error.message.includes("exists already")) return systemError("EEXIST", "file already exists", path);
  return systemError("EPERM", error.message, path);
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toSystemError(error, path);
  }
}

function encodingOf(options: unknown): string {
  if (typeof options === "string") return options;
  if (typeof options === "object" && options !== null && "encoding" in options)
    return String(options.encoding);
  return "utf8";
}

/** just-bash writes binary content as a string with one character per byte. */
function toContent(content: FileContent, options: unknown): string | Uint8Array {
  if (typeof content !== "string") return content;
  const encoding = encodingOf(options);
  if (encoding !== "binary" && encoding !== "latin1") return content;
  return Uint8Array.from(content, (character) => character.charCodeAt(0));
}

/**
 * The project's file system in the shape just-bash wants, to be mounted at `/project`. Paths come relative to the
 * mount point ("/src/a.ts"). There are no links and no modes: what makes them says so.
 */
export function createBashFs(fs: ProjectFs): IFileSystem {
  const inside = (path: string): string => `./${path}`;
  const stat = (path: string): FsStat => {
    const { kind, size, mtimeMs } = attempt(path, () => fs.stat(inside(path)));
    const isFile = kind === "file";
    return {
      isFile,
      isDirectory: !isFile,
      isSymbolicLink: false,
      mode: isFile ? 0o644 : 0o755,
      size,
      mtime: new Date(mtimeMs),
    };
  };
  const copy = (source: string, target: string, options?: CpOptions): void => {
    if (stat(source).isFile)
      return attempt(source, () => fs.writeFile(inside(target), fs.readFile(inside(source))));
    if (options?.recursive !== true) throw systemError("EISDIR", "illegal operation on a directory", source);
    attempt(target, () => fs.mkdir(inside(target)));
    for (const { name } of fs.readdir(inside(source)))
      copy(`${source}/${name}`, `${target}/${name}`, options);
  };
  return {
    async readFile(path, options) {
      const encoding = encodingOf(options);
      if (encoding === "utf8" || encoding === "utf-8") return attempt(path, () => fs.readText(inside(path)));
      const bytes = attempt(path, () => fs.readFile(inside(path)));
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    },
    readFileBuffer: async (path) => attempt(path, () => fs.readFile(inside(path))),
    writeFile: async (path, content, options) =>
      attempt(path, () => fs.writeFile(inside(path), toContent(content, options))),
    async appendFile(path, content, options) {
      const before = fs.exists(inside(path))
        ? attempt(path, () => fs.readFile(inside(path)))
        : new Uint8Array();
      const added = toContent(content, options);
      const bytes = typeof added === "string" ? new TextEncoder().encode(added) : added;
      const joined = new Uint8Array(before.length + bytes.length);
      joined.set(before);
      joined.set(bytes, before.length);
      attempt(path, () => fs.writeFile(inside(path), joined));
    },
    exists: async (path) => attempt(path, () => fs.exists(inside(path))),
    stat: async (path) => stat(path),
    lstat: async (path) => stat(path),
    async mkdir(path, options?: MkdirOptions) {
      const recursive = options?.recursive === true;
      if (fs.exists(inside(path))) {
        if (recursive && stat(path).isDirectory) return;
        throw systemError("EEXIST", "file already exists", path);
      }
      const parent = path.slice(0, path.lastIndexOf("/"));
      if (!recursive && !fs.exists(inside(parent)))
        throw systemError("ENOENT", "no such file or directory", path);
      attempt(path, () => fs.mkdir(inside(path)));
    },
    readdir: async (path) => attempt(path, () => fs.readdir(inside(path)).map(({ name }) => name)),
    readdirWithFileTypes: async (path) =>
      attempt(path, () =>
        fs.readdir(inside(path)).map(({ name, kind }) => ({
          name,
          isFile: kind === "file",
          isDirectory: kind === "directory",
          isSymbolicLink: false,
        })),
      ),
    async rm(path, options?: RmOptions) {
      if (!fs.exists(inside(path))) {
        if (options?.force === true) return;
        throw systemError("ENOENT", "no such file or directory", path);
      }
      if (options?.recursive !== true && stat(path).isDirectory && fs.readdir(inside(path)).length > 0) {
        throw systemError("ENOTEMPTY", "directory not empty", path);
      }
      attempt(path, () => fs.rm(inside(path)));
    },
    cp: async (source, target, options) => copy(source, target, options),
    mv: async (source, target) => attempt(source, () => fs.rename(inside(source), inside(target))),
    resolvePath: (base, path) => new URL(path, `file://${base.endsWith("/") ? base : `${base}/`}`).pathname,
    getAllPaths: () => fs.list().map((path) => `/${path}`),
    // Modes are not kept: making a script executable changes nothing about how it is started here.
    chmod: async (path) => void stat(path),
    symlink: async (_target, path) =>
      Promise.reject(systemError("EPERM", "links are not supported in the browser runtime", path)),
    link: async (_target, path) =>
      Promise.reject(systemError("EPERM", "links are not supported in the browser runtime", path)),
    readlink: async (path) => Promise.reject(systemError("EINVAL", "invalid argument", path)),
    async realpath(path) {
      stat(path);
      return path;
    },
    // A time that was set explicitly is not kept; `touch` only needs the file to be there.
    utimes: async (path) => void stat(path),
  };
}
