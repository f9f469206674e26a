import type { Transaction } from "kysely";
import type { Claims, Deps, Tables } from "./deps.ts";

/** A transaction whose role and claims are the caller's: row-level security decides what it sees. */
export type CallerTransaction = Transaction<Tables>;

export interface SignedIn {
  deps: Deps;
  token: string;
  userId: string;
  claims: Claims;
  /** Runs `work` in one transaction as the caller. */
  asCaller<T>(work: (tx: CallerTransaction) => Promise<T>): Promise<T>;
  [key: string]: unknown;
}

export interface Context {
  /** @throws CoderError `unauthenticated` */
  signedIn(): SignedIn;
  [key: string]: unknown;
}
