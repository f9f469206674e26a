import type postgres from "postgres";
import { bearerOf, verifyJwt, type AccessClaims } from "../jwt.ts";
import { StorageError } from "./storageError.ts";

export interface Caller {
  role: "anon" | "authenticated" | "service_role";
  claims: AccessClaims;
}

/**
 * Who asks, by the bearer token or else the apikey.
 * @throws StorageError 401 for a token that is not of this installation: never anon instead, or an expired session would look like missing files.
 */
export async function callerOf(request: Request, jwtSecret: string): Promise<Caller> {
  const token = bearerOf(request) ?? request.headers.get("apikey") ?? "";
  const claims = await verifyJwt(token, jwtSecret);
  const role = claims?.role;
  if (!claims || (role !== "anon" && role !== "authenticated" && role !== "service_role")) {
    throw new StorageError(401, "InvalidJWT", "A valid token of this installation is required");
  }
  return { role, claims };
}

/** Runs work in one transaction as the caller: its role and claims, so that row-level security decides. */
export function asCaller<T>(
  sql: postgres.Sql,
  caller: Caller,
  work: (tx: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  return sql.begin(async (tx) => {
    await tx`select set_config('role', ${caller.role}, true), set_config('request.jwt.claims', ${JSON.stringify(caller.claims)}, true)`;
    return work(tx);
  }) as Promise<T>;
}

/** Runs work as the owner of the storage tables, whom no policy restricts: for what the server itself must know. */
export function asServer<T>(
  sql: postgres.Sql,
  work: (tx: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  return sql.begin(async (tx) => {
    await tx`set local role supabase_storage_admin`;
    return work(tx);
  }) as Promise<T>;
}
