import type { CallerTransaction } from "../context.ts";
import type { Site } from "../views.ts";

const deploymentsShown = 20;

/** Sites of a project with their last deployments; live ones first. */
export async function listSites(tx: CallerTransaction, projectId: string): Promise<Omit<Site, "url">[]> {
  const sites = await tx
    .selectFrom("sites")
    .select((eb) => [
      "id",
      "slug",
      eb.ref("kind").$castTo<Site["kind"]>().as("kind"),
      "name",
      "current_deployment_id as currentDeploymentId",
      "revoked_at as revokedAt",
      "created_at as createdAt",
    ])
    .where("project_id", "=", projectId)
    .orderBy((eb) => eb("revoked_at", "is not", null))
    .orderBy("created_at", "desc")
    .limit(100)
    .execute();
  const deployments = await tx
    .selectFrom("deployments as d")
    .leftJoin("runs as r", "r.id", "d.run_id")
    .select(["d.id", "d.site_id as siteId", "d.created_at as createdAt", "d.commit", "r.number as runNumber"])
    .where("d.project_id", "=", projectId)
    .orderBy("d.created_at", "desc")
    .limit(1000)
    .execute();
  return sites.map((site) => ({
    ...site,
    deployments: deployments
      .filter((deployment) => deployment.siteId === site.id)
      .slice(0, deploymentsShown)
      .map(({ id, createdAt, commit, runNumber }) => ({ id, createdAt, commit, runNumber })),
  }));
}
