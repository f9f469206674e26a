import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { ChainLink } from "../historyViews.ts";

/**
 * Artifacts that belong together with a run's, the oldest first: what they were made from and what was made from them,
 * and what other runs made of the same commit (the tests and the deploy of a change).
 */
export async function artifactChain(tx: CallerTransaction, runId: string): Promise<ChainLink[]> {
  const { rows } = await sql<ChainLink>`
    select a.id, a.kind, a.name, a.step_id as "stepId", a.run_id as "runId", r.number as "runNumber", r.name as "runName", r.commit,
      a.made_from as "madeFrom", a.created_at as "createdAt", a.data
    from public.artifact_chain(${runId}) c (id) join artifacts a on a.id = c.id join runs r on r.id = a.run_id
    order by a.created_at, a.id`.execute(tx);
  return rows;
}
