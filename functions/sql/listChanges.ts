import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";
import type { Change } from "../views.ts";

/** Changes of a project, newest first. */
export function listChanges(
  tx: CallerTransaction,
  filter: { projectId: string; status?: Change["status"] | undefined; number?: number },
): Promise<Change[]> {
  let query = tx
    .selectFrom("changes as c")
    .leftJoin("profiles as p", "p.id", "c.created_by")
    .leftJoin("runs as r", "r.id", "c.run_id")
    .select((eb) => [
      "c.id",
      "c.project_id as projectId",
      "c.number",
      "c.title",
      "c.body",
      eb.ref("c.status").$castTo<Change["status"]>().as("status"),
      "c.base_branch as baseBranch",
      "c.head_branch as headBranch",
      "c.head_commit as headCommit",
      "c.merged_commit as mergedCommit",
      "c.run_id as runId",
      "r.number as runNumber",
      "c.labels",
      "c.draft",
      "c.reviewers",
      "p.name as createdBy",
      "c.created_at as createdAt",
      "c.updated_at as updatedAt",
    ])
    .where("c.project_id", "=", filter.projectId)
    .orderBy("c.number", "desc")
    .limit(200);
  if (filter.status !== undefined) query = query.where("c.status", "=", filter.status);
  if (filter.number !== undefined) query = query.where("c.number", "=", filter.number);
  return query.execute();
}

/** One change. @throws CoderError `not_found` */
export async function requireChange(
  tx: CallerTransaction,
  projectId: string,
  number: number,
): Promise<Change> {
  const [change] = await listChanges(tx, { projectId, number });
  if (change === undefined) throw new CoderError("not_found", `There is no change ${number} in this project`);
  return change;
}
