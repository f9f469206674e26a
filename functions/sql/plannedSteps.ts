import { z } from "zod";
import { plannedStepSchema, type PlannedStep } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";

const queuedSchema = z.object({ steps: z.array(plannedStepSchema) });

/** The steps of a run as they were planned: its first event has them. */
export async function plannedSteps(tx: CallerTransaction, runId: string): Promise<PlannedStep[]> {
  const { event } = await tx
    .selectFrom("run_events")
    .select("event")
    .where("run_id", "=", runId)
    .where("seq", "=", 1)
    .executeTakeFirstOrThrow();
  return queuedSchema.parse(event).steps;
}
