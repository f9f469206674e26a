import { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import type { Logger } from "pino";
import type { Sql } from "./database.ts";
import type { Lease } from "./lease.ts";
import { observeWorkers, reapWorkers } from "./sql/reapWorkers.ts";

interface Watched {
  beat: string;
  /** When it was first seen, by this process's clock that only goes forward. */
  since: number;
}

/**
 * Looks for workers that are gone and takes over what they had. Dead is whose heartbeat has stayed the same for a whole
 * lease of *our* watching: nobody's wall clock is asked, so that a clock that jumps, the database's too, kills nobody
 * and keeps nobody alive.
 */
export function makeReaper(options: {
  sql: Sql;
  lease: Pick<Lease, "mayReap">;
  version: string;
  leaseMs: number;
  logger: Logger;
}): () => Promise<void> {
  const { sql, leaseMs } = options;
  let watched = new Map<string, Watched>();
  return async () => {
    const now = performance.now();
    const { heartbeats, orphaned } = await observeWorkers(sql, options.version);
    // Who only looks dead may be coming back from an outage with us.
    const before = options.lease.mayReap() ? watched : new Map<string, Watched>();
    watched = new Map(
      heartbeats.map(({ id, beat }) => {
        const known = before.get(id);
        return [id, known?.beat === beat ? known : { beat, since: now }];
      }),
    );
    const stale = heartbeats.filter(({ id }) => now - (watched.get(id)?.since ?? now) >= leaseMs);
    if (stale.length === 0 && !orphaned) return;
    const dead = await reapWorkers(sql, { version: options.version, stale });
    if (dead.length === 0) return;
    options.logger.info({ dead }, "Taking over from workers that are gone");
    await DBOSExecutor.globalInstance?.recoverPendingWorkflows(dead);
  };
}
