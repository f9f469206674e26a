import { CoderError } from "../../../../shared/errors.ts";

/** One file inside an unpacked tarball: a slice of its bytes. */
export interface ImageFile {
  offset: number;
  size: number;
}

/**
 * The content of one package: its uncompressed tarball kept as one buffer, and where each file lies in it. A file
 * costs an index entry, not an object tree; nothing is copied until somebody reads it.
 */
export interface PackageImage {
  integrity: string;
  /** Bytes of the uncompressed tarball. */
  size: number;
  /** By path relative to the package's folder ("dist/index.js"). */
  files: Map<string, ImageFile>;
  /** The bytes of one of `files`, not copied: callers must not change or transfer them. */
  read(path: string): Uint8Array | undefined;
  /** The uncompressed tarball, which `files` are places in. */
  archive(): Uint8Array<ArrayBuffer>;
}

/** An image whose tarball is at hand. */
export function imageOf(
  integrity: string,
  archive: Uint8Array<ArrayBuffer>,
  files: Map<string, ImageFile>,
): PackageImage {
  return {
    integrity,
    size: archive.length,
    files,
    read(path) {
      const file = files.get(path);
      return file === undefined ? undefined : fileIn(archive, file);
    },
    archive: () => archive,
  };
}

/** The bytes of a file of an archive, not copied. */
export function fileIn(archive: Uint8Array, { offset, size }: ImageFile): Uint8Array {
  return archive.subarray(offset, offset + size);
}

export interface ImageLimits {
  /** Bytes after decompression. */
  maxBytes: number;
  maxFiles: number;
}

/** Beyond these a package is refused: larger than anything a browser tab could hold beside its project. */
export const defaultImageLimits: ImageLimits = { maxBytes: 256 * 1024 * 1024, maxFiles: 100_000 };

const blockBytes = 512;
const decoder = new TextDecoder();

/** Gunzips a tarball, refusing to go beyond the limit however well it was compressed. */
async function gunzip(
  tarball: Uint8Array<ArrayBuffer>,
  limits: ImageLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([tarball]).stream().pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    // Leaving the loop cancels the stream, so the rest of a bomb is never unpacked.
    if (total > limits.maxBytes) {
      throw new CoderError(
        "too_large",
        `unpacks to more than ${Math.round(limits.maxBytes / 1024 / 1024)} MB`,
      );
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function text(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decoder.decode(end === -1 ? field : field.subarray(0, end));
}

function octal(block: Uint8Array, start: number, length: number): number {
  // Values of 8 GB and more are written in base 256, marked by the top bit: far beyond the limits, so never read.
  if (((block[start] ?? 0) & 0x80) !== 0) throw new CoderError("bad_input", "holds a file too large to read");
  const digits = text(block, start, length).trim();
  const value = digits === "" ? 0 : Number.parseInt(digits, 8);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new CoderError("bad_input", "holds a damaged tar header");
  return value;
}

/** `path=` and `size=` of a pax header: records of the form "<length> <key>=<value>\n". */
function readPax(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  let offset = 0;
  while (offset < bytes.length) {
    const space = bytes.indexOf(0x20, offset);
    const length = space === -1 ? 0 : Number.parseInt(decoder.decode(bytes.subarray(offset, space)), 10);
    if (!(length > 0) || offset + length > bytes.length) break;
    const record = decoder.decode(bytes.subarray(space + 1, offset + length - 1));
    const equals = record.indexOf("=");
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    offset += length;
  }
  return records;
}

/** The path inside the package: without the tarball's single top folder. Refuses anything that could lead outside. */
function packagePath(name: string): string | undefined {
  const isUnsafe =
    name.startsWith("/") || name.includes("\\") || name.includes("\0") || /^[a-z]:/i.test(name);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (isUnsafe || parts.includes("..")) throw new CoderError("bad_input", `holds the unsafe path "${name}"`);
  const path = parts.slice(1).join("/");
  return path === "" ? undefined : path;
}

/**
 * Indexes an uncompressed tar archive (ustar with pax and GNU long names). Links and devices are left out, as npm
 * does. Throws `bad_input` for unsafe paths and damaged headers, `too_large` beyond the limits.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
 */
export function indexTar(
  bytes: Uint8Array,
  limits: ImageLimits = defaultImageLimits,
): Map<string, ImageFile> {
  const files = new Map<string, ImageFile>();
  let longName: string | undefined;
  let pax = new Map<string, string>();
  let offset = 0;
  while (offset + blockBytes <= bytes.length) {
    const header = bytes.subarray(offset, offset + blockBytes);
    if (header[0] === 0) break;
    const size = Number(pax.get("size") ?? octal(header, 124, 12));
    const start = offset + blockBytes;
    if (start + size > bytes.length) throw new CoderError("bad_input", "ends in the middle of a file");
    const type = String.fromCharCode(header[156] ?? 0);
    const content = bytes.subarray(start, start + size);
    if (type === "x") pax = readPax(content);
    else if (type === "L") longName = text(content, 0, content.length);
    else {
      if (type === "0" || type === "\0" || type === "7") {
        const prefix = text(header, 257, 5) === "ustar" ? text(header, 345, 155) : "";
        const short = text(header, 0, 100);
        const path = packagePath(
          pax.get("path") ?? longName ?? (prefix === "" ? short : `${prefix}/${short}`),
        );
        if (path !== undefined) files.set(path, { offset: start, size });
        if (files.size > limits.maxFiles)
          throw new CoderError("too_large", `holds more than ${limits.maxFiles} files`);
      }
      // A pax header speaks of the next entry only; a global one ("g") of none that matters here.
      if (type !== "g") {
        pax = new Map();
        longName = undefined;
      }
    }
    offset = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  return files;
}

/** Unpacks a downloaded tarball whose checksum was verified. Throws as `indexTar`, and `bad_input` if it is no gzip. */
export async function createPackageImage(
  integrity: string,
  tarball: Uint8Array<ArrayBuffer>,
  limits: ImageLimits = defaultImageLimits,
): Promise<PackageImage> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await gunzip(tarball, limits);
  } catch (error) {
    if (error instanceof CoderError) throw error;
    throw new CoderError("bad_input", "is not a valid gzip archive", { cause: error });
  }
  return imageOf(integrity, bytes, indexTar(bytes, limits));
}
