import type { PlannedStep } from "../../../shared/run/events.ts";
import type { Value } from "../../../shared/workflow/expressions.ts";
import type { Concurrency } from "../../../shared/workflow/resolveConcurrency.ts";
import type { Sql } from "../../engine/database.ts";

export interface TriggeredRun {
  id: string;
  projectId: string;
  path: string;
  name: string;
  ref: string;
  commit: string;
  trigger: "repo_event" | "webhook" | "cron" | "workflow" | "manual";
  inputs: Record<string, Value>;
  snapshot: { yaml: string; engineVersion: string; event: Record<string, Value> };
  steps: PlannedStep[];
  deliveryId: string;
  depth: number;
  concurrency: Concurrency | undefined;
}

/** Starts a run as the server, once per id. Answers its number. */
export async function startTriggeredRun(sql: Sql, run: TriggeredRun): Promise<number> {
  const { deliveryId, depth, concurrency } = run;
  const options = { deliveryId, depth, concurrency: concurrency === undefined ? null : { ...concurrency } };
  const [row] = await sql<{ number: number }[]>`
    select public.start_run(
      p_id => ${run.id}, p_project => ${run.projectId}, p_kind => 'workflow', p_workflow_path => ${run.path}, p_name => ${run.name},
      p_ref => ${run.ref}, p_commit => ${run.commit}, p_trigger => ${run.trigger}, p_inputs => ${sql.json(run.inputs)},
      p_snapshot => ${sql.json(run.snapshot)}, p_steps => ${sql.json(run.steps)}, p_options => ${sql.json(options)}) as number`;
  if (row === undefined) throw new Error("start_run answered no row");
  return row.number;
}
