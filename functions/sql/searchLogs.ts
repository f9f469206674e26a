import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { LogHit } from "../historyViews.ts";

/** Lines of the project's ended runs that hold the words; see public.search_logs. */
export async function searchLogs(
  tx: CallerTransaction,
  asked: { projectId: string; words: string; before: number | null; limit: number },
): Promise<LogHit[]> {
  const { rows } = await sql<LogHit>`
    select page_id as "pageId", run_id as "runId", number, name, status, finished_at as "finishedAt", step_id as "stepId", line, excerpt
    from public.search_logs(${asked.projectId}, ${asked.words}, ${asked.before}, ${asked.limit})
    -- The newest run first, within it in the order of the log.
    order by max(page_id) over (partition by run_id) desc, step_id, line`.execute(tx);
  return rows;
}
