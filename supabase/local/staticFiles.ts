import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
  ".xml": "application/xml",
  ".webmanifest": "application/manifest+json",
  ".mp4": "video/mp4",
  ".webm": "video/webm",
  ".mp3": "audio/mpeg",
  ".pdf": "application/pdf",
};

/** The media type of a path by its extension. */
export function contentTypeOf(path: string): string {
  return types[extname(path).toLowerCase()] ?? "application/octet-stream";
}

/** Whether a name carries the hash of its content, as bundlers write it (`index-BY4iigay.js`). */
export function isHashedName(path: string): boolean {
  return /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(path) && /\d|[A-Z]/.test(path.split(/[-.]/).at(-2) ?? "");
}

interface CachedFile {
  mtimeMs: number;
  etag: string;
  plain: Buffer;
  encoded: Map<string, Promise<Buffer>>;
}

export interface StaticFiles {
  /** The file at the path, or undefined where there is none. `headers` are added to the answer. */
  serve(request: Request, pathname: string, headers: Record<string, string>): Promise<Response | undefined>;
  /** The text of a file, or undefined. */
  text(pathname: string): Promise<string | undefined>;
  /**
   * Takes the files with hashed names below a folder into memory. They are served from there even when a later build has
   * removed them: an open page still asks for the parts of the build that it came from.
   */
  keep(folder: string): Promise<void>;
}

const compressible = /^(text\/|application\/(json|xml|wasm|manifest)|image\/svg)/;
/** Compressing more than this once would hold up the first page; the loopback interface does not need it. */
const compressUpTo = 1_500_000;

/** Files of one directory, held in memory with their compressed forms until they change. */
export function createStaticFiles(directory: string): StaticFiles {
  const cache = new Map<string, CachedFile>();
  return {
    async serve(request, pathname, headers) {
      const file = await load(cache, directory, pathname);
      if (!file) return undefined;
      const type = contentTypeOf(pathname);
      const all = new Headers({
        ...headers,
        "content-type": type,
        etag: file.etag,
        vary: "accept-encoding",
        "x-content-type-options": "nosniff",
      });
      if (!all.has("cache-control")) {
        all.set("cache-control", isHashedName(pathname) ? "public, max-age=31536000, immutable" : "no-cache");
      }
      if (request.headers.get("if-none-match") === file.etag)
        return new Response(null, { status: 304, headers: all });
      const encoding = compressible.test(type) ? encodingOf(request, file.plain.length) : undefined;
      if (encoding !== undefined) all.set("content-encoding", encoding);
      const body = encoding === undefined ? file.plain : await encode(file, encoding);
      all.set("content-length", String(body.length));
      return new Response(request.method === "HEAD" ? null : new Uint8Array(body), { headers: all });
    },
    async text(pathname) {
      return (await load(cache, directory, pathname))?.plain.toString("utf8");
    },
    async keep(folder) {
      for (const name of await readdir(join(directory, folder)).catch(() => [])) {
        if (isHashedName(name)) await load(cache, directory, `${folder}/${name}`);
      }
    },
  };
}

async function load(
  cache: Map<string, CachedFile>,
  directory: string,
  pathname: string,
): Promise<CachedFile | undefined> {
  let path = "";
  try {
    path = join(directory, decodeURIComponent(pathname));
    if (!path.startsWith(directory + sep) || path.includes("\0")) return undefined;
    const found = await stat(path);
    if (!found.isFile()) return undefined;
    const known = cache.get(path);
    if (known?.mtimeMs === found.mtimeMs) return known;
    // A link inside of the directory must not lead out of it.
    if (!(await realpath(path)).startsWith((await realpath(directory)) + sep)) return undefined;
    const plain = await readFile(path);
    const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
    const file = { mtimeMs: found.mtimeMs, etag, plain, encoded: new Map<string, Promise<Buffer>>() };
    cache.set(path, file);
    return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const kept = cache.get(path);
    if (code === "ENOENT" && kept && isHashedName(path)) return kept;
    if (error instanceof URIError || code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG")
      return undefined;
    throw error;
  }
}

function encodingOf(request: Request, size: number): "br" | "gzip" | undefined {
  if (size < 1024 || size > compressUpTo) return undefined;
  const accepted = request.headers.get("accept-encoding") ?? "";
  if (/\bbr\b/.test(accepted)) return "br";
  return /\bgzip\b/.test(accepted) ? "gzip" : undefined;
}

function encode(file: CachedFile, encoding: "br" | "gzip"): Promise<Buffer> {
  const known = file.encoded.get(encoding);
  if (known) return known;
  const made =
    encoding === "br"
      ? brotli(file.plain, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: 5,
            [constants.BROTLI_PARAM_SIZE_HINT]: file.plain.length,
          },
        })
      : gzipped(file.plain, { level: 6 });
  file.encoded.set(encoding, made);
  return made;
}
