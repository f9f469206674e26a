import { isServerDown, type Sql } from "./database.ts";
import { addWorker } from "./sql/addWorker.ts";
import { removeWorker } from "./sql/removeWorker.ts";
import { renewWorker } from "./sql/renewWorker.ts";

export interface Lease {
  /** Whether workers that look dead may be taken for dead: not for one lease after our start, or after the database was away. */
  mayReap(): boolean;
  /** Gives the lease back. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  /** A connection of its own: a heartbeat must not wait behind the run's queries. */
  sql: Sql;
  workerId: string;
  version: string;
  leaseMs: number;
  /** Called once, when the lease is lost: others take this worker for dead, so nothing of it may go on. */
  onLost(reason: string): void;
}

/**
 * Takes a lease in public.workers and renews it every second (or six times a lease, if that is more often). It is lost
 * when its row is gone, or when no renewal got through for a whole lease. While the server is down for everybody
 * (connections are refused) time does not count: nobody can take over what nobody can read.
 */
export async function takeLease(options: LeaseOptions): Promise<Lease> {
  const { sql, workerId, leaseMs } = options;
  await addWorker(sql, workerId, options.version);
  let renewedAt = performance.now();
  let reapFrom = renewedAt + leaseMs;
  let ended = false;
  let busy = false;
  const lose = (reason: string): void => {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    options.onLost(reason);
  };
  const beat = async (): Promise<void> => {
    if (busy || ended) return;
    busy = true;
    try {
      const held = await renewWorker(sql, workerId);
      if (!held) return lose("its row in public.workers is gone");
      if (performance.now() - renewedAt > leaseMs / 2) reapFrom = performance.now() + leaseMs;
      renewedAt = performance.now();
    } catch (error) {
      reapFrom = performance.now() + leaseMs;
      if (isServerDown(error)) renewedAt = performance.now();
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(
    () => {
      // Also true after this process was stopped for a while: then it must not even try.
      if (performance.now() - renewedAt > leaseMs) lose(`no heartbeat got through for ${leaseMs} ms`);
      else void beat();
    },
    Math.min(1000, leaseMs / 6),
  );
  return {
    mayReap: () => !ended && performance.now() >= reapFrom,
    async release() {
      ended = true;
      clearInterval(timer);
      await removeWorker(sql, workerId);
    },
  };
}
