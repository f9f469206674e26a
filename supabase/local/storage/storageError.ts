import postgres from "postgres";
import { toCoderError } from "../../../shared/errors.ts";

/** An error as the storage API of Supabase answers it; `code` is one of its documented words (`NoSuchKey` …). */
export class StorageError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "StorageError";
    this.status = status;
    this.code = code;
  }
}

export const noSuchKey = () => new StorageError(404, "NoSuchKey", "Object not found");
export const noSuchBucket = () => new StorageError(404, "NoSuchBucket", "Bucket not found");
export const accessDenied = () =>
  new StorageError(403, "AccessDenied", "new row violates row-level security policy");

/** Any thrown value as an answer; what is not foreseen is logged and tells nothing. */
export function storageErrorResponse(thrown: unknown, log: (error: unknown) => void): Response {
  const error = toStorageError(thrown);
  if (error.status === 500) log(thrown);
  const message = error.status === 500 ? "Internal server error" : error.message;
  return Response.json(
    { statusCode: String(error.status), error: error.code, code: error.code, message },
    { status: error.status },
  );
}

function toStorageError(thrown: unknown): StorageError {
  if (thrown instanceof StorageError) return thrown;
  if (thrown instanceof postgres.PostgresError) {
    // 42501: the row-level security or the grants of the caller's role refused.
    if (thrown.code === "42501") return accessDenied();
    if (thrown.code === "23505")
      return new StorageError(409, "KeyAlreadyExists", "The resource already exists");
    if (thrown.code === "23503") return noSuchBucket();
  }
  return new StorageError(500, "InternalError", toCoderError(thrown).message);
}
