import type { StepStatus } from "../../../shared/run/events.ts";
import type { Value } from "../../../shared/workflow/expressions.ts";
import type { Sql } from "../database.ts";

export interface StepRunRow {
  step_id: string;
  type: string;
  name: string;
  status: StepStatus;
  execs: number;
  outputs: Record<string, Value>;
}

/** The steps of a run in their order. */
export async function loadStepRuns(sql: Sql, runId: string): Promise<StepRunRow[]> {
  return sql<StepRunRow[]>`
    select step_id, type, name, status, execs, outputs from public.step_runs where run_id = ${runId} order by position`;
}
