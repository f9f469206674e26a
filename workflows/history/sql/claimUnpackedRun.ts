import type { TransactionSql } from "postgres";

/** Marks the run as packed when this transaction commits; false when another worker is at it or was, or the run is gone. */
export async function claimUnpackedRun(tx: TransactionSql, runId: string): Promise<boolean> {
  const rows = await tx`
    update public.runs set logs_packed_at = now() where id in (
      select id from public.runs where id = ${runId} and logs_packed_at is null and logs_deleted_at is null
      for no key update skip locked)
    returning 1`;
  return rows.length > 0;
}
