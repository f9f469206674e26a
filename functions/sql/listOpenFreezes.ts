import type { CallerTransaction } from "../context.ts";
import type { Freeze } from "../views.ts";

/** What is frozen now of the caller's organisations, the oldest first. */
export function listOpenFreezes(tx: CallerTransaction): Promise<Freeze[]> {
  return tx
    .selectFrom("freezes as f")
    .innerJoin("orgs as o", "o.id", "f.org_id")
    .leftJoin("projects as p", "p.id", "f.project_id")
    .leftJoin("profiles as u", "u.id", "f.frozen_by")
    .select([
      "f.id",
      "f.org_id as orgId",
      "o.slug as orgSlug",
      "f.project_id as projectId",
      "p.slug as projectSlug",
      "f.reason",
      "u.name as by",
      "f.frozen_at as at",
    ])
    .where("f.lifted_at", "is", null)
    .orderBy("f.frozen_at")
    .execute();
}
