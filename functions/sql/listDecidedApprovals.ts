import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { DecidedApproval } from "../views.ts";
import { selectApprovals } from "./listWaitingApprovals.ts";

export interface DecidedFilter {
  projectId?: string | undefined;
  runId?: string | undefined;
  status?: DecidedApproval["status"] | undefined;
  /** The approval that ended the page before. */
  before?: string | undefined;
  limit: number;
}

/** Approvals that no longer wait, the last asked for first; without a project those of every project that the caller sees. */
export function listDecidedApprovals(
  tx: CallerTransaction,
  filter: DecidedFilter,
): Promise<DecidedApproval[]> {
  let query = selectApprovals(tx)
    .leftJoin("profiles as u", "u.id", "a.decided_by")
    .select((eb) => [
      eb.ref("a.status").$castTo<DecidedApproval["status"]>().as("status"),
      "a.comment",
      "u.name as decidedBy",
      "a.decided_at as decidedAt",
    ])
    .where("a.status", "!=", "waiting")
    .orderBy("a.requested_at", "desc")
    .orderBy("a.id", "desc")
    .limit(filter.limit);
  if (filter.projectId !== undefined) query = query.where("a.project_id", "=", filter.projectId);
  if (filter.runId !== undefined) query = query.where("a.run_id", "=", filter.runId);
  if (filter.status !== undefined) query = query.where("a.status", "=", filter.status);
  if (filter.before !== undefined)
    query = query.where(
      sql<boolean>`(a.requested_at, a.id) < (select requested_at, id from approvals where id = ${filter.before})`,
    );
  return query.execute();
}
