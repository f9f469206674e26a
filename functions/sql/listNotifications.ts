import type { CallerTransaction } from "../context.ts";
import type { Notification } from "../views.ts";

/** The caller's notifications, the newest first. */
export function listNotifications(tx: CallerTransaction, limit: number): Promise<Notification[]> {
  return tx
    .selectFrom("notifications as n")
    .innerJoin("projects as p", "p.id", "n.project_id")
    .innerJoin("orgs as o", "o.id", "n.org_id")
    .innerJoin("runs as r", "r.id", "n.run_id")
    .select([
      "n.id",
      "n.message",
      "n.created_at as createdAt",
      "n.read_at as readAt",
      "p.name as projectName",
      "p.slug as projectSlug",
      "o.slug as orgSlug",
      "r.number as runNumber",
      "r.name as runName",
    ])
    .orderBy("n.created_at", "desc")
    .orderBy("n.id", "desc")
    .limit(limit)
    .execute();
}
