import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { Sql } from "../engine/database.ts";
import { takeDeliveries } from "./sql/takeDeliveries.ts";

/** Takes deliveries as they come, few at once, so that a burst leaves the database to the runs. */
export interface DeliveryIntake {
  /** There may be some. */
  wake(): void;
  /** One has been dealt with. */
  done(): void;
  /** Takes no more. Resolves when what is at work has been dealt with; what takes longer is left to another worker. */
  stop(): Promise<void>;
}

/** How many a worker works on at once. */
const maxAtWork = 4;
const leaveAfterMs = 2000;

export function makeDeliveryIntake(options: {
  sql: Sql;
  workerId: string;
  /** Starts the workflows that were claimed with this token. */
  start(workflowIds: string[], claim: string): Promise<void>;
  onError(error: unknown): void;
}): DeliveryIntake {
  const { sql, workerId } = options;
  // What is taken when one has ended is no part of that one.
  const outside = AsyncLocalStorage.snapshot();
  let atWork = 0;
  let stopped = false;
  let busy = false;
  let more = true;
  let onIdle: () => void = () => undefined;
  const take = async (): Promise<void> => {
    more = false;
    const claim = randomUUID();
    const limit = maxAtWork - atWork;
    const taken = await takeDeliveries(sql, { workerId, claim, limit });
    atWork += taken.length;
    if (taken.length === limit) more = true;
    if (taken.length > 0) await options.start(taken, claim);
  };
  const round = (): void => {
    if (stopped || busy || !more || atWork >= maxAtWork) return;
    busy = true;
    let failed = false;
    outside(take)
      .catch((error: unknown) => {
        failed = true;
        more = true;
        options.onError(error);
      })
      .finally(() => {
        busy = false;
        // After a failure the next look is soon enough.
        if (!failed) round();
      });
  };
  return {
    wake() {
      more = true;
      round();
    },
    done() {
      atWork = Math.max(0, atWork - 1);
      if (atWork === 0) onIdle();
      round();
    },
    async stop() {
      stopped = true;
      if (atWork === 0) return;
      const { promise: idle, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      const timer = setTimeout(resolve, leaveAfterMs);
      await idle;
      clearTimeout(timer);
    },
  };
}
