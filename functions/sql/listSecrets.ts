import type { CallerTransaction } from "../context.ts";
import type { SecretSummary } from "../views.ts";

/** The secrets of an organisation that belong to no project, or those that a project has: its own, then the organisation's. */
export async function listSecrets(
  tx: CallerTransaction,
  of: { orgId: string; projectId: string | null },
): Promise<SecretSummary[]> {
  const rows = await tx
    .selectFrom("secrets")
    .leftJoin("profiles", "profiles.id", "secrets.updated_by")
    .select([
      "secrets.id",
      "secrets.name",
      "secrets.project_id",
      "secrets.environment",
      "secrets.given_as",
      "secrets.version",
      "profiles.name as updatedBy",
      "secrets.updated_at as updatedAt",
      "secrets.last_used_at as lastUsedAt",
    ])
    .where("secrets.org_id", "=", of.orgId)
    .where((eb) =>
      of.projectId === null
        ? eb("secrets.project_id", "is", null)
        : eb.or([eb("secrets.project_id", "=", of.projectId), eb("secrets.project_id", "is", null)]),
    )
    .orderBy("secrets.project_id", (order) => order.asc().nullsLast())
    .orderBy("secrets.name")
    .orderBy("secrets.environment")
    .execute();
  return rows.map(({ project_id: projectId, given_as: givenAs, ...row }) => ({
    ...row,
    scope: projectId === null ? "org" : "project",
    givenAs: givenAs === "value" ? "value" : "placeholder",
  }));
}
