import type { RunStatus } from "../../shared/run/events.ts";
import type { RunSeed } from "../../shared/run/seedFromFailed.ts";
import type { Value } from "../../shared/workflow/expressions.ts";
import type { RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import { planRun, type RunPlan } from "./planRun.ts";
import { loadRun } from "./sql/loadRun.ts";

/** A run as it is when its workflow begins, or goes on. */
export interface LoadedRun {
  run: RunInfo;
  plan: RunPlan;
  event: Record<string, Value>;
  status: RunStatus;
  /** The run that it repeats. */
  rerunOf: string | null;
  seed: RunSeed;
  /** The worker that took it or parked it last. */
  takenBy: string | null;
  /** The token of this execution's claim. */
  owner: string | null;
  /** How many messages, or times without one, earlier executions have journaled. */
  received: number;
}

/** Undefined for a run that is gone. @throws CoderError when its snapshot is none of ours. */
export async function loadedRun(sql: Sql, runId: string): Promise<LoadedRun | undefined> {
  const row = await whenConnected(() => loadRun(sql, runId));
  if (!row) return undefined;
  const run: RunInfo = {
    id: row.id,
    number: row.number,
    orgId: row.org_id,
    orgSlug: row.org_slug,
    projectId: row.project_id,
    projectSlug: row.project_slug,
    defaultBranch: row.default_branch,
    kind: row.kind,
    workflowPath: row.workflow_path,
    ref: row.ref,
    commit: row.commit,
    trigger: row.trigger,
    attempt: row.attempt,
    dryRun: row.dry_run,
    createdBy: row.created_by,
    inputs: row.inputs,
  };
  return {
    run,
    plan: planRun(row),
    event: row.snapshot.event ?? {},
    status: row.status,
    rerunOf: row.rerun_of,
    seed: row.seed,
    takenBy: row.taken_by,
    owner: row.owner,
    received: row.received,
  };
}
