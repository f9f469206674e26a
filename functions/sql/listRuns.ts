import type { RunStatus } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { RunSummary } from "../views.ts";

export interface RunFilter {
  projectId?: string;
  id?: string;
  status?: RunStatus | undefined;
  workflowPath?: string | undefined;
  /** Only runs with a smaller number: where the page before ended. */
  before?: number | undefined;
  limit: number;
}

/** What every view of a run shows, as a query to narrow. */
export function selectRuns(tx: CallerTransaction) {
  return tx
    .selectFrom("runs as r")
    .leftJoin("profiles as u", "u.id", "r.created_by")
    .select((eb) => [
      "r.id",
      "r.project_id as projectId",
      "r.number",
      eb.ref("r.kind").$castTo<RunSummary["kind"]>().as("kind"),
      "r.workflow_path as workflowPath",
      "r.name",
      eb.ref("r.status").$castTo<RunStatus>().as("status"),
      "r.ref",
      "r.commit",
      "r.trigger",
      "r.dry_run as dryRun",
      eb.ref("r.failure").$castTo<RunSummary["failure"]>().as("failure"),
      "u.name as createdBy",
      "r.created_at as createdAt",
      "r.started_at as startedAt",
      "r.finished_at as finishedAt",
    ]);
}

/** Runs of a project, the last started first. */
export function listRuns(tx: CallerTransaction, filter: RunFilter): Promise<RunSummary[]> {
  let query = selectRuns(tx).orderBy("r.number", "desc").limit(filter.limit);
  if (filter.projectId !== undefined) query = query.where("r.project_id", "=", filter.projectId);
  if (filter.status !== undefined) query = query.where("r.status", "=", filter.status);
  if (filter.workflowPath !== undefined) query = query.where("r.workflow_path", "=", filter.workflowPath);
  if (filter.before !== undefined) query = query.where("r.number", "<", filter.before);
  return query.execute();
}
