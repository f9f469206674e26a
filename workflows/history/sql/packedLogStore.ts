import type { TransactionSql } from "postgres";
import type { PackedSummary } from "../../../shared/run/logPacker.ts";
import type { PackedPage } from "../../../shared/run/packedLog.ts";
import type { UnpackedRun } from "./findUnpackedRuns.ts";

/** Where the pages of a run's logs are put, those of each step between its `open` and `close`. */
export interface PackedLogStore {
  open(stepId: string): Promise<void>;
  add(stepId: string, page: PackedPage): Promise<void>;
  close(stepId: string, summary: PackedSummary): Promise<void>;
}

export function makePackedLogStore(tx: TransactionSql, run: UnpackedRun): PackedLogStore {
  return {
    async open(stepId) {
      await tx`insert into public.run_logs (run_id, step_id, org_id, lines) values (${run.id}, ${stepId}, ${run.orgId}, 0)`;
    },
    async add(stepId, { firstLine, lines, body, plain, marks }) {
      await tx`insert into public.run_log_pages (run_id, step_id, org_id, project_id, first_line, lines, body, plain, marks)
        values (${run.id}, ${stepId}, ${run.orgId}, ${run.projectId}, ${firstLine}, ${lines}, ${body}, ${plain}, ${tx.json(marks)})`;
    },
    async close(stepId, { lines, groups }) {
      await tx`update public.run_logs set lines = ${lines}, groups = ${tx.json(groups as never)}
        where run_id = ${run.id} and step_id = ${stepId}`;
    },
  };
}
