import type { CallerTransaction } from "../context.ts";
import type { Check } from "../views.ts";

/** What was found of one commit, by name. */
export function listChecks(
  tx: CallerTransaction,
  at: { projectId: string; commit: string },
): Promise<Check[]> {
  return tx
    .selectFrom("checks as c")
    .leftJoin("runs as r", "r.id", "c.run_id")
    .select((eb) => [
      "c.id",
      "c.name",
      "c.commit",
      eb.ref("c.status").$castTo<Check["status"]>().as("status"),
      "c.url",
      "c.source",
      "r.number as runNumber",
      "c.updated_at as updatedAt",
    ])
    .where("c.project_id", "=", at.projectId)
    .where("c.commit", "=", at.commit)
    .orderBy("c.name")
    .limit(200)
    .execute();
}
