import type { CallerTransaction } from "../context.ts";
import type { Approval } from "../views.ts";

/** Approvals with the run, project and organisation that they are of. */
export function selectApprovals(tx: CallerTransaction) {
  return tx
    .selectFrom("approvals as a")
    .innerJoin("runs as r", "r.id", "a.run_id")
    .innerJoin("projects as p", "p.id", "a.project_id")
    .innerJoin("orgs as o", "o.id", "a.org_id")
    .select((eb) => [
      "a.id",
      "a.run_id as runId",
      "r.number as runNumber",
      "r.name as runName",
      "a.project_id as projectId",
      "p.name as projectName",
      "p.slug as projectSlug",
      "o.slug as orgSlug",
      "a.step_id as stepId",
      "a.reason",
      "a.action",
      "a.content_hash as contentHash",
      eb.ref("a.subject").$castTo<Approval["subject"]>().as("subject"),
      "a.requested_at as requestedAt",
      "a.expires_at as expiresAt",
      "a.rule",
      eb.ref("a.subject_before").$castTo<Approval["subjectBefore"]>().as("subjectBefore"),
    ]);
}

/** Approvals that wait in the caller's organisations, the oldest first. */
export function listWaitingApprovals(tx: CallerTransaction): Promise<Approval[]> {
  return selectApprovals(tx)
    .where("a.status", "=", "waiting")
    .orderBy("a.requested_at")
    .orderBy("a.id")
    .limit(200)
    .execute();
}
