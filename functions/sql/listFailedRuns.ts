import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { Inbox } from "../views.ts";
import { selectRuns } from "./listRuns.ts";

/** Runs of the caller's organisations that failed within the last 14 days, the newest first. */
export function listFailedRuns(tx: CallerTransaction, limit: number): Promise<Inbox["failedRuns"]> {
  return selectRuns(tx)
    .innerJoin("projects as p", "p.id", "r.project_id")
    .innerJoin("orgs as o", "o.id", "r.org_id")
    .select(["p.name as projectName", "p.slug as projectSlug", "o.slug as orgSlug"])
    .where("r.status", "=", "failed")
    .where("r.created_at", ">", sql<string>`now() - interval '14 days'`)
    .orderBy("r.created_at", "desc")
    .orderBy("r.id", "desc")
    .limit(limit)
    .execute();
}
