import type postgres from "postgres";
import { z } from "zod";
import { asCaller, asServer, callerOf, type Caller } from "./callerSql.ts";
import { assertBucketName } from "./blobStore.ts";
import { accessDenied, noSuchBucket, StorageError } from "./storageError.ts";
import type { BucketRow, StorageContext } from "./storageContext.ts";

const bytes = z
  .union([
    z.number().int().positive(),
    z
      .string()
      .regex(/^\d+\s*([KMG]B)?$/i)
      .transform(parseBytes),
  ])
  .nullish();
const bucketInput = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  public: z.boolean().optional(),
  file_size_limit: bytes,
  allowed_mime_types: z.array(z.string()).nullish(),
});

function parseBytes(text: string): number {
  const [, number, unit] = /^(\d+)\s*([KMG]B)?$/i.exec(text) ?? [];
  const factors: Record<string, number> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };
  return Number(number) * (factors[(unit ?? "").toUpperCase()] ?? 1);
}

/** The row of a bucket whatever the policies say: limits and `public` bind everybody. @throws StorageError 404 */
export async function bucketFor(context: StorageContext, id: string): Promise<BucketRow> {
  const [row] = await asServer(
    context.sql,
    (tx) => tx<BucketRow[]>`select * from storage.buckets where id = ${id}`,
  );
  if (!row) throw noSuchBucket();
  return row;
}

/** `/bucket[/<id>[/empty]]` */
export async function handleBuckets(
  context: StorageContext,
  request: Request,
  segments: string[],
): Promise<Response> {
  const caller = await callerOf(request, context.jwtSecret);
  const [id, verb] = segments;
  if (id === undefined) {
    if (request.method === "GET")
      return Response.json(
        await asCaller(context.sql, caller, (tx) => tx`select * from storage.buckets order by name`),
      );
    if (request.method === "POST") return createBucket(context, caller, await inputOf(request));
  } else if (verb === "empty" && request.method === "POST") {
    await emptyBucket(context, caller, id);
    return Response.json({ message: "Successfully emptied" });
  } else if (verb === undefined) {
    return oneBucket({ context, caller, request, id });
  }
  throw new StorageError(404, "InvalidRequest", "There is no such route");
}

async function inputOf(request: Request): Promise<z.infer<typeof bucketInput>> {
  const parsed = bucketInput.safeParse(await request.json().catch(() => undefined));
  if (!parsed.success) throw new StorageError(400, "InvalidRequest", z.prettifyError(parsed.error));
  return parsed.data;
}

async function createBucket(
  context: StorageContext,
  caller: Caller,
  input: z.infer<typeof bucketInput>,
): Promise<Response> {
  const id = input.id ?? input.name ?? "";
  assertBucketName(id);
  await asCaller(
    context.sql,
    caller,
    (
      tx,
    ) => tx`insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
      values (${id}, ${input.name ?? id}, ${caller.claims.sub ?? null}, ${caller.claims.sub ?? null}, ${input.public ?? false},
        ${input.file_size_limit ?? null}, ${input.allowed_mime_types ?? null})`,
  );
  return Response.json({ name: input.name ?? id });
}

async function oneBucket(call: {
  context: StorageContext;
  caller: Caller;
  request: Request;
  id: string;
}): Promise<Response> {
  const { context, caller, request, id } = call;
  if (request.method === "GET") {
    const [row] = await asCaller(
      context.sql,
      caller,
      (tx) => tx`select * from storage.buckets where id = ${id}`,
    );
    if (!row) throw noSuchBucket();
    return Response.json(row);
  }
  if (request.method === "PUT") {
    const input = await inputOf(request);
    const changed = await asCaller(
      context.sql,
      caller,
      (tx) => tx`update storage.buckets set public = coalesce(${input.public ?? null}, public),
        file_size_limit = ${input.file_size_limit === undefined ? tx`file_size_limit` : input.file_size_limit},
        allowed_mime_types = ${input.allowed_mime_types === undefined ? tx`allowed_mime_types` : input.allowed_mime_types},
        updated_at = now() where id = ${id} returning id`,
    );
    if (changed.length === 0) throw noSuchBucket();
    return Response.json({ message: "Successfully updated" });
  }
  if (request.method !== "DELETE")
    throw new StorageError(405, "InvalidRequest", `${request.method} is not a method of a bucket`);
  await asCaller(context.sql, caller, (tx) => deleteBucket(tx, id));
  return Response.json({ message: "Successfully deleted" });
}

async function deleteBucket(tx: postgres.TransactionSql, id: string): Promise<void> {
  try {
    const removed = await tx`delete from storage.buckets where id = ${id} returning id`;
    if (removed.length === 0) throw noSuchBucket();
  } catch (error) {
    if ((error as { code?: string }).code !== "23503") throw error;
    throw new StorageError(409, "InvalidRequest", "The bucket you tried to delete is not empty");
  }
}

async function emptyBucket(context: StorageContext, caller: Caller, id: string): Promise<void> {
  await bucketFor(context, id);
  const removed = await asCaller(context.sql, caller, async (tx) => {
    const rows = await tx<
      { version: string }[]
    >`delete from storage.objects where bucket_id = ${id} returning version`;
    const [left] = await tx`select 1 from storage.objects where bucket_id = ${id} limit 1`;
    if (left) throw accessDenied();
    return rows;
  });
  for (const { version } of removed) await context.blobs.remove(id, version);
}
