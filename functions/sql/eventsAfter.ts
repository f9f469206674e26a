import type { RunEvent, StoredRunEvent } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";

/** Stored events of a run behind `afterSeq`, in their order. */
export function eventsAfter(
  tx: CallerTransaction,
  page: { runId: string; afterSeq: number; limit: number },
): Promise<StoredRunEvent[]> {
  return tx
    .selectFrom("run_events")
    .select((eb) => ["run_id as runId", "seq", "at", eb.ref("event").$castTo<RunEvent>().as("event")])
    .where("run_id", "=", page.runId)
    .where("seq", ">", page.afterSeq)
    .orderBy("seq")
    .limit(page.limit)
    .execute();
}
