import type { RunEvent, StoredRunEvent } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { LogHeader } from "../historyViews.ts";

/** More than a run without its log has; what is beyond is left out. */
const maxEvents = 5000;

/** The events of a run but those of its log. */
export function eventsWithoutLog(tx: CallerTransaction, runId: string): Promise<StoredRunEvent[]> {
  return (
    tx
      .selectFrom("run_events")
      .select((eb) => ["run_id as runId", "seq", "at", eb.ref("event").$castTo<RunEvent>().as("event")])
      .where("run_id", "=", runId)
      // By the key and not by the event, which may be long and would be unpacked for its type.
      .where("key", "not like", "log:%")
      .orderBy("seq")
      .limit(maxEvents)
      .execute()
  );
}

/** How long each step's packed log is, and where its groups are. */
export function logHeaders(tx: CallerTransaction, runId: string): Promise<LogHeader[]> {
  return tx
    .selectFrom("run_logs")
    .select((eb) => [
      "step_id as stepId",
      "lines",
      eb.ref("groups").$castTo<LogHeader["groups"]>().as("groups"),
    ])
    .where("run_id", "=", runId)
    .execute();
}
