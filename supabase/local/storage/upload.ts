import type postgres from "postgres";
import { asCaller, asServer, type Caller } from "./callerSql.ts";
import { bucketFor } from "./buckets.ts";
import { accessDenied, noSuchKey, StorageError } from "./storageError.ts";
import type { BucketRow, ObjectMetadata, ObjectRow, StorageContext } from "./storageContext.ts";

export interface UploadTarget {
  bucket: string;
  name: string;
  /** insert: the name must be free. upsert: replaces. update: the object must exist. */
  mode: "insert" | "upsert" | "update";
}

interface Body {
  stream: ReadableStream<Uint8Array> | null;
  contentType: string;
  cacheControl: string;
  userMetadata: Record<string, unknown> | null;
}

/**
 * Stores one object for a caller. The policies are asked before the first byte is read (by the same statement, rolled
 * back) and again when the row is written; a version that is replaced is removed after the commit.
 */
export async function upload(options: {
  context: StorageContext;
  caller: Caller;
  target: UploadTarget;
  request: Request;
}): Promise<{ id: string; key: string }> {
  const { context, caller, target, request } = options;
  const bucket = await bucketFor(context, target.bucket);
  await assertMayWrite(context, caller, target);
  const limit = Math.min(bucket.file_size_limit ?? context.sizeLimit, context.sizeLimit);
  const body = await bodyOf(request, limit);
  assertMimeType(bucket, body.contentType);
  const blob = await context.blobs.write(bucket.id, body.stream, limit);
  const metadata: ObjectMetadata = {
    eTag: `"${blob.sha256}"`,
    size: blob.size,
    mimetype: body.contentType,
    cacheControl: body.cacheControl,
    lastModified: new Date().toISOString(),
    contentLength: blob.size,
    httpStatusCode: 200,
  };
  let replaced: string | undefined;
  let id: string;
  try {
    // Seen by the server before, not by the caller: whoever may replace an object need not be allowed to read it.
    replaced = await versionOf(context, target);
    id = await asCaller(context.sql, caller, (tx) =>
      writeRow({ tx, target, caller, version: blob.version, metadata, userMetadata: body.userMetadata }),
    );
  } catch (error) {
    await context.blobs.remove(bucket.id, blob.version);
    throw error;
  }
  if (replaced !== undefined) await context.blobs.remove(bucket.id, replaced);
  return { id, key: `${target.bucket}/${target.name}` };
}

/** Whether the caller's policies let it write the row: the real statement, rolled back. @throws StorageError 403, 404, 409 */
export async function assertMayWrite(
  context: StorageContext,
  caller: Caller,
  target: UploadTarget,
): Promise<void> {
  const rollback = new Error("rollback");
  try {
    await asCaller(context.sql, caller, async (tx) => {
      await writeRow({ tx, target, caller, version: "probe", metadata: null, userMetadata: null });
      throw rollback;
    });
  } catch (error) {
    if (error !== rollback) throw error;
  }
}

interface Row {
  tx: postgres.TransactionSql;
  target: UploadTarget;
  caller: Caller;
  version: string;
  metadata: ObjectMetadata | null;
  userMetadata: Record<string, unknown> | null;
}

async function writeRow({ tx, target, caller, version, metadata, userMetadata }: Row): Promise<string> {
  const owner = caller.claims.sub ?? null;
  const json = metadata && tx.json(metadata as unknown as postgres.JSONValue);
  const userJson = userMetadata && tx.json(userMetadata as postgres.JSONValue);
  // The id is chosen here: RETURNING would ask for the right to read, which a write-only policy does not give.
  const id = crypto.randomUUID();
  if (target.mode === "insert") {
    await tx`insert into storage.objects (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
      values (${id}, ${target.bucket}, ${target.name}, ${owner}, ${owner}, ${version}, ${json}, ${userJson})`;
    return id;
  }
  if (target.mode === "upsert") {
    const rows = await tx<Pick<ObjectRow, "id">[]>`
      insert into storage.objects (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
      values (${id}, ${target.bucket}, ${target.name}, ${owner}, ${owner}, ${version}, ${json}, ${userJson})
      on conflict (bucket_id, name) do update set version = excluded.version, metadata = excluded.metadata,
        user_metadata = excluded.user_metadata, owner = excluded.owner, owner_id = excluded.owner_id, updated_at = now()
      returning id`;
    return rows[0]?.id ?? id;
  }
  const rows = await tx<Pick<ObjectRow, "id">[]>`
    update storage.objects set version = ${version}, metadata = ${json}, user_metadata = ${userJson}, updated_at = now()
    where bucket_id = ${target.bucket} and name = ${target.name} returning id`;
  if (!rows[0]) throw noSuchKey();
  return rows[0].id;
}

async function versionOf(context: StorageContext, target: UploadTarget): Promise<string | undefined> {
  if (target.mode === "insert") return undefined;
  const [row] = await asServer(
    context.sql,
    (tx) =>
      tx<
        { version: string }[]
      >`select version from storage.objects where bucket_id = ${target.bucket} and name = ${target.name}`,
  );
  return row?.version;
}

function assertMimeType(bucket: BucketRow, contentType: string): void {
  const allowed = bucket.allowed_mime_types;
  if (!allowed || allowed.length === 0) return;
  const type = contentType.split(";")[0]?.trim() ?? "";
  const fits = allowed.some((pattern) =>
    pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1)) : pattern === type,
  );
  if (!fits) throw new StorageError(415, "InvalidMimeType", `mime type ${type} is not supported`);
}

async function bodyOf(request: Request, limit: number): Promise<Body> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  // Some slack for the frame of a multipart body; the bytes themselves are counted exactly.
  if (declared > limit + 65_536)
    throw new StorageError(
      413,
      "EntityTooLarge",
      `The object exceeded the maximum allowed size of ${limit} bytes`,
    );
  const contentType = request.headers.get("content-type") ?? "application/octet-stream";
  if (!contentType.startsWith("multipart/form-data")) {
    return {
      stream: request.body,
      contentType,
      cacheControl: request.headers.get("cache-control") ?? "no-cache",
      userMetadata: parseMetadata(request.headers.get("x-metadata"), "base64"),
    };
  }
  const form = await multipart(request, contentType, limit + 65_536);
  const file = [...form.values()].find((value) => value instanceof Blob);
  if (!file) throw new StorageError(400, "InvalidRequest", "The form has no file");
  const cacheControl = form.get("cacheControl");
  const metadata = form.get("metadata");
  return {
    stream: file.stream(),
    contentType: file.type || "application/octet-stream",
    cacheControl:
      typeof cacheControl === "string" && cacheControl !== "" ? `max-age=${cacheControl}` : "no-cache",
    userMetadata: parseMetadata(typeof metadata === "string" ? metadata : null, "utf8"),
  };
}

/** A form is held in memory while it is read, so its bytes are counted on the way in, whatever its header declared. */
async function multipart(request: Request, contentType: string, limit: number): Promise<FormData> {
  let size = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > limit)
        controller.error(
          new StorageError(413, "EntityTooLarge", "The object exceeded the maximum allowed size"),
        );
      else controller.enqueue(chunk);
    },
  });
  try {
    return await new Response(request.body?.pipeThrough(counter) ?? null, {
      headers: { "content-type": contentType },
    }).formData();
  } catch (error) {
    if (size > limit)
      throw new StorageError(413, "EntityTooLarge", "The object exceeded the maximum allowed size");
    throw new StorageError(
      400,
      "InvalidRequest",
      `The form cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function parseMetadata(text: string | null, encoding: "base64" | "utf8"): Record<string, unknown> | null {
  if (text === null || text === "") return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, encoding).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw new StorageError(400, "InvalidRequest", "The metadata is no JSON object");
}

/** Bytes of an object under another name, by a caller who may read the one and write the other. */
export async function copyObject(options: {
  context: StorageContext;
  caller: Caller;
  from: ObjectRow;
  target: UploadTarget;
}): Promise<{ id: string; key: string }> {
  const { context, caller, from, target } = options;
  await bucketFor(context, target.bucket);
  await assertMayWrite(context, caller, target);
  const version = await context.blobs.copy({ bucket: from.bucket_id, version: from.version }, target.bucket);
  const replaced = await versionOf(context, target);
  try {
    const id = await asCaller(context.sql, caller, (tx) =>
      writeRow({ tx, target, caller, version, metadata: from.metadata, userMetadata: from.user_metadata }),
    );
    if (replaced !== undefined) await context.blobs.remove(target.bucket, replaced);
    return { id, key: `${target.bucket}/${target.name}` };
  } catch (error) {
    await context.blobs.remove(target.bucket, version);
    throw error;
  }
}

/** A new name (and bucket) for an object; the bytes move only between buckets. */
export async function moveObject(options: {
  context: StorageContext;
  caller: Caller;
  from: ObjectRow;
  target: UploadTarget;
}): Promise<void> {
  const { context, caller, from, target } = options;
  await bucketFor(context, target.bucket);
  const moved = from.bucket_id !== target.bucket;
  if (moved) {
    // The bytes first, as a copy: an end between the two steps leaves a file too many, never one too few.
    const { id } = await copyObject({ context, caller, from, target });
    const removed = await asCaller(
      context.sql,
      caller,
      (tx) => tx`delete from storage.objects where id = ${from.id} returning id`,
    );
    if (removed.length === 0) {
      await asServer(context.sql, (tx) => tx`delete from storage.objects where id = ${id}`);
      throw accessDenied();
    }
    await context.blobs.remove(from.bucket_id, from.version);
    return;
  }
  const changed = await asCaller(
    context.sql,
    caller,
    (tx) =>
      tx`update storage.objects set name = ${target.name}, updated_at = now() where id = ${from.id} returning id`,
  );
  if (changed.length === 0) throw accessDenied();
}
