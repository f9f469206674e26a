import type { PackedLog } from "../../../shared/run/packedLog.ts";
import type { Sql } from "../../engine/database.ts";

export interface UnpackedRun {
  id: string;
  orgId: string;
  projectId: string;
}

/** Stores the logs of a run's steps and marks the run; nothing when another worker has done so, or the run is gone. */
export async function storePackedLogs(
  sql: Sql,
  run: UnpackedRun,
  logs: readonly (PackedLog & { stepId: string })[],
): Promise<void> {
  await sql.begin(async (tx) => {
    const [mine] = await tx`
      update public.runs set logs_packed_at = now() where id = ${run.id} and logs_packed_at is null and logs_deleted_at is null returning 1`;
    if (mine === undefined) return;
    for (const { stepId, lines, groups, pages } of logs) {
      await tx`insert into public.run_logs (run_id, step_id, org_id, lines, groups)
        values (${run.id}, ${stepId}, ${run.orgId}, ${lines}, ${tx.json(groups as never)})`;
      for (const { marks, firstLine, ...page } of pages)
        await tx`insert into public.run_log_pages (run_id, step_id, org_id, project_id, first_line, lines, body, plain, marks)
          values (${run.id}, ${stepId}, ${run.orgId}, ${run.projectId}, ${firstLine}, ${page.lines}, ${page.body}, ${page.plain}, ${tx.json(marks)})`;
    }
  });
}
