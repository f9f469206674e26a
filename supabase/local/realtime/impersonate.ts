import type { PendingQuery, Row, TransactionSql } from "postgres";
import type { Claims } from "./claims.ts";

/** Makes the rest of the transaction run as the client: role, claims (both spellings) and the channel's topic. */
export function impersonate(transaction: TransactionSql, claims: Claims, topic: string): PendingQuery<Row[]> {
  return transaction`select
    set_config('realtime.topic', ${topic}, true),
    set_config('request.jwt.claims', ${claims.json}, true),
    set_config('request.jwt.claim.sub', ${claims.subject ?? ""}, true),
    set_config('request.jwt.claim.role', ${claims.role}, true),
    set_config('role', ${claims.role}, true)`;
}
