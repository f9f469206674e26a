import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { Retention, RetentionPreview } from "../historyViews.ts";

export interface RetentionOwner {
  orgId: string;
  /** null: the organisation, for all projects without a row of their own. */
  projectId: string | null;
}

const columns = (days: Retention) => ({
  log_days: days.logDays,
  artifact_days: days.artifactDays,
  run_days: days.runDays,
  delivery_days: days.deliveryDays,
  deployment_days: days.deploymentDays,
  deployments_kept: days.deploymentsKept,
});

/** What an organisation or a project has set itself; undefined when nothing. */
export function readRetention(tx: CallerTransaction, owner: RetentionOwner): Promise<Retention | undefined> {
  return tx
    .selectFrom("retention_policies")
    .select([
      "log_days as logDays",
      "artifact_days as artifactDays",
      "run_days as runDays",
      "delivery_days as deliveryDays",
      "deployment_days as deploymentDays",
      "deployments_kept as deploymentsKept",
    ])
    .where("org_id", "=", owner.orgId)
    .where("project_id", owner.projectId === null ? "is" : "=", owner.projectId)
    .executeTakeFirst();
}

export async function setRetention(
  tx: CallerTransaction,
  owner: RetentionOwner,
  days: Retention,
): Promise<void> {
  await sql`select public.set_retention(${owner.orgId}, ${owner.projectId}, ${JSON.stringify(columns(days))}::jsonb)`.execute(
    tx,
  );
}

/** How many records these settings would take now. */
export async function previewRetention(
  tx: CallerTransaction,
  owner: RetentionOwner,
  days: Retention,
): Promise<RetentionPreview> {
  const { rows } = await sql<RetentionPreview>`
    select * from public.preview_retention(${owner.orgId}, ${owner.projectId}, ${JSON.stringify(columns(days))}::jsonb)`.execute(
    tx,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("preview_retention answered no row");
  return row;
}
