import type { Prices } from "../../shared/billing/credits.ts";
import type { KeyedEvent } from "./sql/appendRunEvents.ts";

/** That a run begins, and at which prices: whoever says it first decides them for the whole run. */
export function runStarted(workerId: string, prices: Prices): KeyedEvent {
  const isFree = Object.values(prices).every((price) => price === 0);
  return {
    key: "run.started",
    event: { type: "run.started", workerId, ...(isFree ? {} : { prices }) },
  };
}
