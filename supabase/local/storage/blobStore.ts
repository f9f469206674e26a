import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StorageError } from "./storageError.ts";

interface StoredBlob {
  /** Names the file; never anything that a user wrote. */
  version: string;
  size: number;
  sha256: string;
}

export interface BlobStore {
  /** Writes a body to a new version; all of it is on disk when this resolves. @throws StorageError 413 over `limit` bytes. */
  write(bucket: string, body: ReadableStream<Uint8Array> | null, limit: number): Promise<StoredBlob>;
  copy(from: { bucket: string; version: string }, toBucket: string): Promise<string>;
  move(from: { bucket: string; version: string }, toBucket: string): Promise<void>;
  /** Bytes from `start` to `end`, both included; all without a range. */
  read(
    bucket: string,
    version: string,
    range?: { start: number; end: number },
  ): Promise<ReadableStream<Uint8Array>>;
  remove(bucket: string, version: string): Promise<void>;
  /** All versions on disk older than an hour, to find those that no row names any more. */
  oldVersions(): Promise<{ bucket: string; version: string }[]>;
}

/**
 * The bytes of the objects: `<directory>/<bucket>/<first two digits>/<version>`. Object names live in the database only,
 * so no name can point out of the directory. Files are written once and never changed: readers see a whole version or none.
 */
export function createBlobStore(directory: string): BlobStore {
  const pathOf = (bucket: string, version: string) => {
    assertBucketName(bucket);
    if (!/^[0-9a-f-]{36}$/.test(version)) throw new StorageError(404, "NoSuchKey", "Object not found");
    return join(directory, bucket, version.slice(0, 2), version);
  };
  const place = async (bucket: string) => {
    const version = randomUUID();
    const path = pathOf(bucket, version);
    await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
    return { version, path };
  };
  return {
    async write(bucket, body, limit) {
      const { version, path } = await place(bucket);
      const part = `${path}.part`;
      const hash = createHash("sha256");
      let size = 0;
      async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
        for await (const chunk of source) {
          size += chunk.byteLength;
          if (size > limit)
            throw new StorageError(
              413,
              "EntityTooLarge",
              `The object exceeded the maximum allowed size of ${limit} bytes`,
            );
          hash.update(chunk);
          yield chunk;
        }
      }
      try {
        const source = body === null ? Readable.from([]) : Readable.fromWeb(body);
        // Open before anything can fail: a stream opens its file by and by, also when it was removed meanwhile.
        const file = await open(part, "wx", 0o600);
        await pipeline(source, counted, file.createWriteStream({ flush: true }));
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
      return { version, size, sha256: hash.digest("hex") };
    },
    async copy(from, toBucket) {
      const { version, path } = await place(toBucket);
      await copyFile(pathOf(from.bucket, from.version), path);
      return version;
    },
    async move(from, toBucket) {
      const target = pathOf(toBucket, from.version);
      await mkdir(join(target, ".."), { recursive: true, mode: 0o700 });
      await rename(pathOf(from.bucket, from.version), target);
    },
    async read(bucket, version, range) {
      // Opened before answering: a file that is missing must be an error, not a broken body.
      const file = await open(pathOf(bucket, version), "r").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT")
          throw new StorageError(500, "InternalError", `The bytes of version ${version} are missing`);
        throw error;
      });
      const stream = createReadStream("", { fd: file, ...range });
      return Readable.toWeb(stream);
    },
    async remove(bucket, version) {
      await rm(pathOf(bucket, version), { force: true });
    },
    async oldVersions() {
      const found: { bucket: string; version: string }[] = [];
      for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(
        () => [],
      )) {
        if (!entry.isFile()) continue;
        const { mtimeMs } = await stat(join(entry.parentPath, entry.name));
        const bucket = entry.parentPath.slice(directory.length + 1).split("/")[0] ?? "";
        if (Date.now() - mtimeMs > 3_600_000) found.push({ bucket, version: entry.name });
      }
      return found;
    },
  };
}

/** Bucket names are directory names too. */
export function assertBucketName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(name)) {
    throw new StorageError(
      400,
      "InvalidBucketName",
      `Bucket name invalid: ${name.slice(0, 100)} (letters, digits, - and _)`,
    );
  }
}
