import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

export interface NewDeployment {
  id: string;
  projectId: string;
  kind: "share";
  manifest: Record<string, { sha256: string; size: number; type: string }>;
}

/** Makes a deployment the current one of its site; answers the site's slug. */
export async function publishDeployment(tx: CallerTransaction, deployment: NewDeployment): Promise<string> {
  const { rows } = await sql<{ slug: string }>`
    select public.publish_deployment(${deployment.id}, ${deployment.projectId}, ${deployment.kind}, '',
      ${JSON.stringify(deployment.manifest)}::text::jsonb) as slug`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error("publish_deployment answered no row");
  return row.slug;
}
