import type { Prices } from "../../../shared/billing/credits.ts";
import type { StepStatus } from "../../../shared/run/events.ts";
import type { Value } from "../../../shared/workflow/expressions.ts";
import type { Sql } from "../database.ts";
import type { KeyedEvent } from "./appendRunEvents.ts";

export interface StepRunRow {
  step_id: string;
  type: string;
  status: StepStatus;
  execs: number;
  outputs: Record<string, Value>;
}

export interface BegunStep {
  /** How often the step has begun, this time included. */
  execs: number;
  cancelRequested: boolean;
  /** The run has ended. */
  finished: boolean;
  /** What the run began with; null when nothing costs anything. */
  prices: Prices | null;
  /** All steps of the run, in their order. */
  steps: StepRunRow[];
}

/**
 * Counts that a step's work begins, before it begins, and stores `step.started` (and what must stand before it) in the
 * same transaction and round trip (private.begin_step).
 */
export async function beginStep(
  sql: Sql,
  request: { runId: string; stepId: string; workerId: string; events: KeyedEvent[] },
): Promise<BegunStep> {
  const events = sql.json(request.events as unknown as Parameters<Sql["json"]>[0]);
  const [row] = await sql<{ begun: BegunStep }[]>`
    select private.begin_step(${request.runId}, ${request.stepId}, ${events}, ${request.workerId}) as begun`;
  if (!row) throw new Error("begin_step returned nothing");
  return row.begun;
}
