import type { SiteManifest } from "../../steps/step.ts";
import type { Sql } from "../database.ts";

/** Makes a deployment the live one of its site; the same id twice is one deployment. Returns the site's slug. */
export async function publishDeployment(
  sql: Sql,
  request: {
    id: string;
    projectId: string;
    kind: "preview" | "prod";
    name: string;
    manifest: SiteManifest;
    commit: string;
    runId: string;
  },
): Promise<string> {
  const [row] = await sql<{ slug: string }[]>`
    select public.publish_deployment(${request.id}, ${request.projectId}, ${request.kind}, ${request.name}, ${sql.json(request.manifest)},
      ${request.commit}, ${request.runId}) as slug`;
  if (!row) throw new Error("publish_deployment returned nothing");
  return row.slug;
}
