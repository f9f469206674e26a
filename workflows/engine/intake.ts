import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { crashPoint } from "./crashPoint.ts";
import type { Sql } from "./database.ts";
import { takeRuns } from "./sql/takeRuns.ts";

/**
 * Takes queued runs when this worker has room for them, and no earlier: so a burst is shared by all workers, and what
 * one organisation queues is not in memory before another's turn (docs/decisions/012-fair-hand-over.md).
 */
export interface Intake {
  /** Something may have been queued. */
  wake(): void;
  /** Steps of a run work here. */
  working(run: { id: string; orgId: string }): void;
  /** A run does not work here any more: it waits for people, or has ended. */
  settled(runId: string): void;
  /** A step pauses between two attempts, until the returned function is called. */
  pausing(runId: string): () => void;
  stop(): void;
}

export interface IntakeOptions {
  sql: Sql;
  workerId: string;
  /** How many runs may be at work here; organisations that have none here are served beyond it. */
  maxRuns: number;
  /** Starts the workflows that were claimed with this token. */
  start(runIds: string[], claim: string): Promise<void>;
  /** Runs could not be taken, or not be started; those go on elsewhere when this worker has left. */
  onError(error: unknown): void;
}

/** Runs without a sandbox wait for the database and for others, and hardly for this machine. */
const maxLightRuns = 16;

export function makeIntake(options: IntakeOptions): Intake {
  const { sql, workerId, maxRuns } = options;
  const atWork = new Map<string, { orgId: string; light: boolean; pauses: number }>();
  // What is taken when a step ends is no part of that step.
  const outside = AsyncLocalStorage.snapshot();
  let stopped = false;
  let busy = false;
  let again = false;
  // Whether there may be more than was taken.
  let more = true;

  const take = async (): Promise<void> => {
    const active = [...atWork.values()].filter(({ pauses }) => pauses === 0);
    const light = active.filter((run) => run.light).length;
    const limit = Math.max(0, maxRuns - (active.length - light));
    const lightLimit = Math.max(0, maxLightRuns - light);
    const claim = randomUUID();
    more = false;
    const busyOrgs = [...new Set(active.map(({ orgId }) => orgId))];
    const taken = await takeRuns(sql, { workerId, claim, limit, lightLimit, busyOrgs });
    const takenLight = taken.filter((run) => run.light).length;
    if (takenLight >= lightLimit || taken.length - takenLight >= limit) more = true;
    if (taken.length === 0) return;
    // With no room left, the others wait for a run to end.
    again = again || more;
    for (const { runId, orgId, light } of taken) atWork.set(runId, { orgId, light, pauses: 0 });
    crashPoint("after-take");
    await options.start(
      taken.map(({ runId }) => runId),
      claim,
    );
  };

  const round = (): void => {
    if (stopped) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    outside(take)
      .catch((error: unknown) => {
        more = true;
        options.onError(error);
      })
      .finally(() => {
        busy = false;
        if (again) round();
      });
  };
  const roomMade = (): void => {
    if (more) round();
  };
  return {
    wake() {
      more = true;
      round();
    },
    working({ id, orgId }) {
      if (!atWork.has(id)) atWork.set(id, { orgId, light: false, pauses: 0 });
    },
    settled(runId) {
      if (atWork.delete(runId)) roomMade();
    },
    pausing(runId) {
      const run = atWork.get(runId);
      if (!run) return () => undefined;
      run.pauses += 1;
      roomMade();
      return () => (run.pauses -= 1);
    },
    stop() {
      stopped = true;
    },
  };
}
