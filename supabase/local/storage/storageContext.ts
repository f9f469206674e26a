import type postgres from "postgres";
import type { BlobStore } from "./blobStore.ts";

export interface StorageContext {
  /** As the role `coder_storage`. */
  sql: postgres.Sql;
  blobs: BlobStore;
  jwtSecret: string;
  /** Bytes that one object may have where its bucket sets no limit. */
  sizeLimit: number;
}

export interface BucketRow {
  id: string;
  name: string;
  owner: string | null;
  public: boolean;
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
  created_at: string;
  updated_at: string;
}

export interface ObjectMetadata {
  eTag: string;
  size: number;
  mimetype: string;
  cacheControl: string;
  lastModified: string;
  contentLength: number;
  httpStatusCode: 200;
}

export interface ObjectRow {
  id: string;
  bucket_id: string;
  name: string;
  owner: string | null;
  owner_id: string | null;
  version: string;
  metadata: ObjectMetadata;
  user_metadata: Record<string, unknown> | null;
  created_at: string;
  updated_at: string;
  last_accessed_at: string;
}
