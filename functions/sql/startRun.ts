import { sql } from "kysely";
import type { PlannedStep } from "../../shared/run/events.ts";
import type { RunSeed } from "../../shared/run/seedFromFailed.ts";
import type { Concurrency } from "../../shared/workflow/resolveConcurrency.ts";
import type { CallerTransaction } from "../context.ts";
import type { Json } from "../views.ts";

export interface NewRun {
  id: string;
  projectId: string;
  kind: "workflow" | "operationalize";
  workflowPath: string;
  name: string;
  ref: string;
  commit: string;
  trigger: string;
  inputs: { [key: string]: Json };
  snapshot: Json;
  steps: readonly PlannedStep[];
  dryRun: boolean;
  rerunOf?: string;
  concurrency?: Concurrency | undefined;
  /** What it takes over from the run that it repeats. */
  seed?: RunSeed;
}

/** Inserts the run, its steps and its first event, and offers it to the workers, in one transaction; answers its number. */
export async function startRun(tx: CallerTransaction, run: NewRun): Promise<number> {
  const json = (value: unknown) => sql`${JSON.stringify(value)}::text::jsonb`;
  const { rows } = await sql<{ number: number }>`
    select public.start_run(
      p_id => ${run.id}, p_project => ${run.projectId}, p_kind => ${run.kind}, p_workflow_path => ${run.workflowPath},
      p_name => ${run.name}, p_ref => ${run.ref}, p_commit => ${run.commit}, p_trigger => ${run.trigger},
      p_inputs => ${json(run.inputs)}, p_snapshot => ${json(run.snapshot)}, p_steps => ${json(run.steps)},
      p_dry_run => ${run.dryRun}, p_rerun_of => ${run.rerunOf ?? null}::uuid,
      p_options => ${json({ concurrency: run.concurrency ?? null, seed: run.seed ?? {} })}) as number`.execute(
    tx,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("start_run answered no row");
  return row.number;
}
