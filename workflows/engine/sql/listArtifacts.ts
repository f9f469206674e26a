import type { Artifact } from "../../../shared/run/events.ts";
import type { Sql } from "../database.ts";

/** The artifacts of a run, oldest first. */
export async function listArtifacts(sql: Sql, runId: string): Promise<Artifact[]> {
  return sql<Artifact[]>`
    select id, kind, name, step_id as "stepId", sha256, size, data, made_from as "madeFrom"
    from public.artifacts where run_id = ${runId} order by created_at, id`;
}
