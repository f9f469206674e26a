import { asCaller, asServer, type Caller } from "./callerSql.ts";
import { noSuchKey } from "./storageError.ts";
import type { ObjectRow, StorageContext } from "./storageContext.ts";

/** The row of an object that the caller's policies let it read. @throws StorageError 404: what may not be read does not exist. */
export async function readableObject(
  context: StorageContext,
  caller: Caller | "server",
  key: { bucket: string; name: string },
): Promise<ObjectRow> {
  const find = async (tx: Parameters<Parameters<typeof asServer>[1]>[0]) =>
    tx<ObjectRow[]>`select * from storage.objects where bucket_id = ${key.bucket} and name = ${key.name}`;
  const [row] = await (caller === "server"
    ? asServer(context.sql, find)
    : asCaller(context.sql, caller, find));
  if (!row) throw noSuchKey();
  return row;
}

/**
 * The bytes of an object as an HTTP answer, with ranges and validation. What users uploaded must never run as a page
 * of our own origin: it is sandboxed, and what a browser would run is sent as a download.
 */
export async function serveObject(
  context: StorageContext,
  request: Request,
  row: ObjectRow,
): Promise<Response> {
  const { metadata } = row;
  const headers = new Headers({
    "content-type": metadata.mimetype,
    "cache-control": metadata.cacheControl,
    etag: metadata.eTag,
    "last-modified": new Date(metadata.lastModified).toUTCString(),
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    "content-security-policy":
      "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'",
    "cross-origin-resource-policy": "same-origin",
  });
  const disposition = dispositionOf(request, row);
  if (disposition !== undefined) headers.set("content-disposition", disposition);
  if (request.headers.get("if-none-match")?.split(/,\s*/).includes(metadata.eTag))
    return new Response(null, { status: 304, headers });
  const range = rangeOf(request, metadata.size);
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${metadata.size}`);
    return new Response(null, { status: 416, headers });
  }
  const length = range ? range.end - range.start + 1 : metadata.size;
  headers.set("content-length", String(length));
  if (range) headers.set("content-range", `bytes ${range.start}-${range.end}/${metadata.size}`);
  const status = range ? 206 : 200;
  if (request.method === "HEAD" || length === 0) return new Response(null, { status, headers });
  return new Response(await context.blobs.read(row.bucket_id, row.version, range), { status, headers });
}

const inert =
  /^(image\/(png|jpeg|gif|webp|avif|bmp|x-icon)|audio\/|video\/|text\/plain|application\/(json|octet-stream|zip|pdf))/;

function dispositionOf(request: Request, row: ObjectRow): string | undefined {
  const asked = new URL(request.url).searchParams.get("download");
  const name = asked || row.name.split("/").at(-1) || "download";
  if (asked === null && inert.test(row.metadata.mimetype)) return undefined;
  return `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`;
}

/** The bytes that a `Range` header asks for, both ends included; several ranges count as none. */
export function rangeOf(
  request: Request,
  size: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? "unsatisfiable" : { start, end };
}

/** What `info` and `exists` of supabase-js read. */
export function infoOf(row: ObjectRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    bucket_id: row.bucket_id,
    size: row.metadata.size,
    content_type: row.metadata.mimetype,
    cache_control: row.metadata.cacheControl,
    etag: row.metadata.eTag,
    metadata: row.user_metadata ?? {},
    last_modified: row.updated_at,
    created_at: row.created_at,
  };
}
