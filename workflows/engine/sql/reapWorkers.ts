import type { TransactionSql } from "postgres";
import type { Sql } from "../database.ts";

/** Any number; the same in every worker, so that one reaps at a time. */
const reaperLock = 0x636f6465;

export interface Heartbeat {
  id: string;
  /** Another one after each renewal; says nothing of when that was. */
  beat: string;
}

/** Every worker's last heartbeat, and whether an executor without a lease holds unfinished workflows of this version. */
export async function observeWorkers(
  sql: Sql,
  version: string,
): Promise<{ heartbeats: Heartbeat[]; orphaned: boolean }> {
  const rows = await sql<(Heartbeat & { orphaned: boolean })[]>`
    select id, seen::text as beat, exists (${orphans(sql, version)}) as orphaned from public.workers`;
  // Without any worker there is none to say it: whoever looks finds out.
  return { heartbeats: rows.map(({ id, beat }) => ({ id, beat })), orphaned: rows[0]?.orphaned ?? true };
}

/** Executors of unfinished workflows that hold no lease. */
const orphans = (sql: Sql | TransactionSql, version: string) => sql`
  select distinct s.executor_id from dbos.workflow_status s
  where s.status = 'PENDING' and s.application_version = ${version} and s.executor_id is not null
    and not exists (select 1 from public.workers w where w.id = s.executor_id)`;

/**
 * Takes the lease from the stale workers, unless one was renewed since it was looked at, and returns every executor that
 * holds unfinished workflows of this version without a lease: those workers, and those that gave theirs back. Empty when another
 * worker is at it.
 */
export async function reapWorkers(
  sql: Sql,
  options: { version: string; stale: readonly Heartbeat[] },
): Promise<string[]> {
  return sql.begin(async (tx) => {
    const [lock] = await tx<{ locked: boolean }[]>`select pg_try_advisory_xact_lock(${reaperLock}) as locked`;
    if (!lock?.locked) return [];
    for (const { id, beat } of options.stale) {
      // Skipping locked rows: a heartbeat that is being written now is fresh.
      await tx`
        delete from public.workers where id in (
        select id from public.workers where id = ${id} and seen::text = ${beat} for update skip locked)`;
    }
    const rows = await tx<{ executor_id: string }[]>`${orphans(tx, options.version)}`;
    return rows.map((row) => row.executor_id);
  });
}
