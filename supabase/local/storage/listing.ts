import { z } from "zod";
import { asCaller, type Caller } from "./callerSql.ts";
import { bucketFor } from "./buckets.ts";
import { StorageError } from "./storageError.ts";
import type { ObjectRow, StorageContext } from "./storageContext.ts";

const listInput = z.object({
  prefix: z.string().default(""),
  limit: z.number().int().min(1).max(1000).default(100),
  offset: z.number().int().min(0).default(0),
  search: z.string().default(""),
  sortBy: z
    .object({
      column: z.enum(["name", "updated_at", "created_at", "last_accessed_at"]).default("name"),
      order: z.enum(["asc", "desc"]).default("asc"),
    })
    .default({ column: "name", order: "asc" }),
});

/** One folder's objects and sub-folders, as the caller may see them; a folder has no id. */
export async function list(options: {
  context: StorageContext;
  caller: Caller;
  bucket: string;
  body: unknown;
}): Promise<readonly unknown[]> {
  const { context, caller, bucket } = options;
  const parsed = listInput.safeParse(options.body);
  if (!parsed.success) throw new StorageError(400, "InvalidRequest", z.prettifyError(parsed.error));
  const { prefix, limit, offset, search, sortBy } = parsed.data;
  await bucketFor(context, bucket);
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const depth = folder.split("/").length;
  return asCaller(context.sql, caller, (tx) => {
    const direction = sortBy.order === "asc" ? tx`asc` : tx`desc`;
    return tx`
      with inside as (
        select o.*, o.path_tokens[${depth}::int] as part, cardinality(o.path_tokens) > ${depth}::int as is_folder
        from storage.objects o where o.bucket_id = ${bucket} and starts_with(o.name, ${folder})
          and starts_with(lower(o.path_tokens[${depth}::int]), lower(${search}))
      ), entries as (
        select part as name, null::uuid as id, null::timestamptz as updated_at, null::timestamptz as created_at,
          null::timestamptz as last_accessed_at, null::jsonb as metadata from inside where is_folder group by part
        union all
        select part, id, updated_at, created_at, last_accessed_at, metadata from inside where not is_folder
      )
      select * from entries order by (id is not null), ${tx(sortBy.column)} ${direction}, name limit ${limit} offset ${offset}`;
  });
}

const listV2Input = z.object({
  prefix: z.string().default(""),
  limit: z.number().int().min(1).max(1000).default(1000),
  cursor: z.string().optional(),
  with_delimiter: z.boolean().default(false),
});

/** The flat (or one-level) listing by cursor of supabase-js's `listV2`, ordered by name. */
export async function listV2(options: {
  context: StorageContext;
  caller: Caller;
  bucket: string;
  body: unknown;
}): Promise<unknown> {
  const { context, caller, bucket } = options;
  const parsed = listV2Input.safeParse(options.body);
  if (!parsed.success) throw new StorageError(400, "InvalidRequest", z.prettifyError(parsed.error));
  const { prefix, limit, cursor, with_delimiter: delimited } = parsed.data;
  await bucketFor(context, bucket);
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString("utf8");
  const rows = await asCaller(
    context.sql,
    caller,
    (tx) => tx<(Pick<ObjectRow, "name"> & { folder: boolean } & Record<string, unknown>)[]>`
      with inside as (
        select o.*, case when ${delimited} and position('/' in substr(o.name, ${prefix.length + 1}::int)) > 0
          then ${prefix} || split_part(substr(o.name, ${prefix.length + 1}::int), '/', 1) || '/' end as folder_key
        from storage.objects o where o.bucket_id = ${bucket} and starts_with(o.name, ${prefix})
      ), entries as (
        select distinct folder_key as name, true as folder, null::uuid as id, null::timestamptz as updated_at, null::timestamptz as created_at,
          null::timestamptz as last_accessed_at, null::jsonb as metadata from inside where folder_key is not null
        union all
        select name, false, id, updated_at, created_at, last_accessed_at, metadata from inside where folder_key is null
      )
      select * from entries where name collate "C" > ${after} order by name collate "C" limit ${limit + 1}`,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    hasNext: rows.length > limit,
    folders: page.filter((row) => row.folder).map(({ name }) => ({ name, key: name })),
    objects: page.filter((row) => !row.folder).map((row) => ({ ...row, folder: undefined, key: row.name })),
    ...(rows.length > limit && last ? { nextCursor: Buffer.from(last.name).toString("base64url") } : {}),
  };
}
