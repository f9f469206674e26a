import postgres from "postgres";
import { z } from "zod";
import { createBlobStore } from "./storage/blobStore.ts";
import { bucketFor, handleBuckets } from "./storage/buckets.ts";
import { asCaller, asServer, callerOf, type Caller } from "./storage/callerSql.ts";
import { infoOf, readableObject, serveObject } from "./storage/download.ts";
import { list, listV2 } from "./storage/listing.ts";
import { checkedObjectName, objectNameOf } from "./storage/objectName.ts";
import { signUrl, verifyUrl } from "./storage/signedUrls.ts";
import { noSuchKey, StorageError, storageErrorResponse } from "./storage/storageError.ts";
import type { ObjectRow, StorageContext } from "./storage/storageContext.ts";
import { assertMayWrite, copyObject, moveObject, upload, type UploadTarget } from "./storage/upload.ts";

export interface Storage {
  /** Answers `/storage/v1/*`. */
  fetch(request: Request): Promise<Response>;
  /** The bytes of an object for the server itself (the sites), whatever the policies say; undefined where there is none. */
  readForServer(
    key: { bucket: string; name: string },
    range?: { start: number; end: number },
  ): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Removes files that no row names any more (an end between a write and its commit). */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/**
 * The storage API that an unmodified supabase-js talks to. Every operation runs as the caller's role with its claims,
 * so the policies on storage.objects and storage.buckets decide; the bytes are files of the data directory.
 */
export function createStorage(options: {
  /** As the role `coder_storage`. */
  databaseUrl: string;
  directory: string;
  jwtSecret: string;
  /** Bytes; default 512 MB. */
  sizeLimit?: number;
  log?: (error: unknown) => void;
}): Storage {
  const sql = postgres(options.databaseUrl, {
    max: 8,
    onnotice: () => undefined,
    types: { bigint: bigintAsNumber },
  });
  const context: StorageContext = {
    sql,
    blobs: createBlobStore(options.directory),
    jwtSecret: options.jwtSecret,
    sizeLimit: options.sizeLimit ?? 512 * 1024 * 1024,
  };
  const log = options.log ?? ((error: unknown) => console.error("storage:", error));
  return {
    async fetch(request) {
      try {
        const [noun, ...segments] = new URL(request.url).pathname.slice("/storage/v1/".length).split("/");
        if (noun === "bucket") return await handleBuckets(context, request, segments);
        if (noun === "object") return await handleObjects(context, request, segments);
        throw new StorageError(404, "InvalidRequest", "There is no such route");
      } catch (error) {
        return storageErrorResponse(error, log);
      }
    },
    async readForServer({ bucket, name }, range) {
      const [row] = await asServer(
        sql,
        (tx) => tx<ObjectRow[]>`select * from storage.objects where bucket_id = ${bucket} and name = ${name}`,
      );
      return row && context.blobs.read(bucket, row.version, range);
    },
    sweep: () => sweep(context),
    close: () => sql.end({ timeout: 2 }),
  };
}

const bigintAsNumber = { to: 20, from: [20], serialize: String, parse: Number };

async function sweep(context: StorageContext): Promise<number> {
  const onDisk = await context.blobs.oldVersions();
  const rows = await asServer(
    context.sql,
    (tx) => tx<{ version: string }[]>`select version from storage.objects`,
  );
  const named = new Set(rows.map((row) => row.version));
  const lost = onDisk.filter(({ version }) => !named.has(version) && /^[0-9a-f-]{36}$/.test(version));
  for (const { bucket, version } of lost) await context.blobs.remove(bucket, version);
  return lost.length;
}

interface Call {
  context: StorageContext;
  request: Request;
  segments: string[];
}

async function handleObjects(
  context: StorageContext,
  request: Request,
  segments: string[],
): Promise<Response> {
  const [first, ...rest] = segments;
  const call = { context, request, segments: rest };
  switch (first) {
    case "public":
      return servePublic(call);
    case "sign":
      return request.method === "GET" || request.method === "HEAD" ? serveSigned(call) : sign(call);
    case "upload":
      return rest[0] === "sign"
        ? signedUpload({ ...call, segments: rest.slice(1) })
        : plain({ ...call, segments });
    case "info":
      return info(call);
    case "authenticated":
      return plain(call);
    case "list":
    case "list-v2": {
      const caller = await callerOf(request, context.jwtSecret);
      const options = { context, caller, bucket: rest[0] ?? "", body: await jsonOf(request) };
      return Response.json(await (first === "list" ? list(options) : listV2(options)));
    }
    case "move":
    case "copy":
      if (rest.length === 0 && request.method === "POST") return transfer(call, first);
      return plain({ ...call, segments });
    default:
      return plain({ ...call, segments });
  }
}

async function jsonOf(request: Request): Promise<unknown> {
  return request.json().catch(() => {
    throw new StorageError(400, "InvalidRequest", "The body is no JSON");
  });
}

function keyOf(segments: string[]): { bucket: string; name: string } {
  const [bucket, ...name] = segments;
  return { bucket: bucket ?? "", name: objectNameOf(name) };
}

async function servePublic({ context, request, segments }: Call): Promise<Response> {
  const key = keyOf(segments);
  const bucket = await bucketFor(context, key.bucket);
  if (!bucket.public) throw noSuchKey();
  const row = await readableObject(context, "server", key);
  return serveObject(context, request, row);
}

async function serveSigned({ context, request, segments }: Call): Promise<Response> {
  const key = keyOf(segments);
  const token = new URL(request.url).searchParams.get("token");
  await verifyUrl(token, { url: `${key.bucket}/${key.name}`, intent: "download" }, context.jwtSecret);
  return serveObject(context, request, await readableObject(context, "server", key));
}

const expiry = z
  .number()
  .int()
  .min(1)
  .max(365 * 24 * 3600);
const signInput = z.object({ expiresIn: expiry });
const signManyInput = z.object({ expiresIn: expiry, paths: z.array(z.string()).max(1000) });

async function sign({ context, request, segments }: Call): Promise<Response> {
  const caller = await callerOf(request, context.jwtSecret);
  const body = await jsonOf(request);
  if (segments.length > 1) {
    const key = keyOf(segments);
    const { expiresIn } = parse(signInput, body);
    await readableObject(context, caller, key);
    return Response.json({ signedURL: await signedPath(context, key, expiresIn) });
  }
  const { expiresIn, paths } = parse(signManyInput, body);
  const signed = paths.map(async (path) => {
    try {
      const key = { bucket: segments[0] ?? "", name: checkedObjectName(path) };
      await readableObject(context, caller, key);
      return { error: null, path, signedURL: await signedPath(context, key, expiresIn) };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return {
        error: "Either the object does not exist or you do not have access to it",
        path,
        signedURL: null,
      };
    }
  });
  return Response.json(await Promise.all(signed));
}

async function signedPath(
  context: StorageContext,
  key: { bucket: string; name: string },
  expiresIn: number,
): Promise<string> {
  const url = `${key.bucket}/${key.name}`;
  return `/object/sign/${url}?token=${await signUrl({ url, intent: "download" }, expiresIn, context.jwtSecret)}`;
}

async function signedUpload({ context, request, segments }: Call): Promise<Response> {
  const key = keyOf(segments);
  const url = `${key.bucket}/${key.name}`;
  if (request.method === "POST") {
    const caller = await callerOf(request, context.jwtSecret);
    const upsert = request.headers.get("x-upsert") === "true";
    await bucketFor(context, key.bucket);
    await assertMayWrite(context, caller, { ...key, mode: upsert ? "upsert" : "insert" });
    const owner = caller.claims.sub;
    const content = { url, intent: "upload" as const, upsert, ...(owner === undefined ? {} : { owner }) };
    const token = await signUrl(content, 2 * 3600, context.jwtSecret);
    return Response.json({ url: `/object/upload/sign/${url}?token=${token}`, token });
  }
  if (request.method !== "PUT")
    throw new StorageError(405, "InvalidRequest", `${request.method} is not a method of this route`);
  const claims = await verifyUrl(
    new URL(request.url).searchParams.get("token"),
    { url, intent: "upload" },
    context.jwtSecret,
  );
  // The right to write was asked when the URL was made; the holder of the URL acts for the one who made it.
  const caller: Caller = {
    role: "service_role",
    claims: { role: "service_role", ...(claims.owner ? { sub: claims.owner } : {}) },
  };
  const target: UploadTarget = { ...key, mode: claims.upsert ? "upsert" : "insert" };
  const { key: fullKey } = await upload({ context, caller, target, request });
  return Response.json({ Key: fullKey });
}

async function info({ context, request, segments }: Call): Promise<Response> {
  const scope = segments[0];
  if (scope === "public") {
    const key = keyOf(segments.slice(1));
    const bucket = await bucketFor(context, key.bucket);
    if (!bucket.public) throw noSuchKey();
    return Response.json(infoOf(await readableObject(context, "server", key)));
  }
  const caller = await callerOf(request, context.jwtSecret);
  return Response.json(
    infoOf(
      await readableObject(context, caller, keyOf(scope === "authenticated" ? segments.slice(1) : segments)),
    ),
  );
}

const transferInput = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationKey: z.string(),
  destinationBucket: z.string().nullish(),
});

async function transfer({ context, request }: Call, verb: "move" | "copy"): Promise<Response> {
  const caller = await callerOf(request, context.jwtSecret);
  const input = parse(transferInput, await jsonOf(request));
  const from = await readableObject(context, caller, {
    bucket: input.bucketId,
    name: checkedObjectName(input.sourceKey),
  });
  const target: UploadTarget = {
    bucket: input.destinationBucket ?? input.bucketId,
    name: checkedObjectName(input.destinationKey),
    mode: verb === "copy" && request.headers.get("x-upsert") === "true" ? "upsert" : "insert",
  };
  if (verb === "move") {
    await moveObject({ context, caller, from, target });
    return Response.json({ message: "Successfully moved" });
  }
  const { id, key } = await copyObject({ context, caller, from, target });
  return Response.json({ Id: id, Key: key });
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new StorageError(400, "InvalidRequest", z.prettifyError(parsed.error));
  return parsed.data;
}

/** `/object/<bucket>/<name>` by method, and `DELETE /object/<bucket>` with the names in the body. */
async function plain({ context, request, segments }: Call): Promise<Response> {
  const caller = await callerOf(request, context.jwtSecret);
  if (request.method === "DELETE") return remove({ context, request, segments }, caller);
  const key = keyOf(segments);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return serveObject(context, request, await readableObject(context, caller, key));
    case "POST":
    case "PUT": {
      const insert = request.headers.get("x-upsert") === "true" ? "upsert" : "insert";
      const target: UploadTarget = { ...key, mode: request.method === "PUT" ? "update" : insert };
      const stored = await upload({ context, caller, target, request });
      return Response.json({ Id: stored.id, Key: stored.key });
    }
    default:
      throw new StorageError(405, "InvalidRequest", `${request.method} is not a method of an object`);
  }
}

const removeInput = z.object({ prefixes: z.array(z.string()).max(1000) });

async function remove({ context, request, segments }: Call, caller: Caller): Promise<Response> {
  const bucket = segments[0] ?? "";
  const names =
    segments.length > 1 ? [keyOf(segments).name] : parse(removeInput, await jsonOf(request)).prefixes;
  const removed = await asCaller(
    context.sql,
    caller,
    (tx) =>
      tx<
        ObjectRow[]
      >`delete from storage.objects where bucket_id = ${bucket} and name = any(${names}) returning *`,
  );
  if (segments.length > 1 && removed.length === 0) throw noSuchKey();
  for (const row of removed) await context.blobs.remove(bucket, row.version);
  return segments.length > 1 ? Response.json({ message: "Successfully deleted" }) : Response.json(removed);
}
