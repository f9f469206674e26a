import { sql } from "kysely";
import type { RunStatus } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";

export interface LastRun {
  workflowPath: string;
  number: number;
  status: RunStatus;
  at: string;
}

/** The last run of each workflow file of a project. */
export function lastRunsByWorkflow(tx: CallerTransaction, projectId: string): Promise<LastRun[]> {
  return tx
    .selectFrom("runs")
    .distinctOn("workflow_path")
    .select((eb) => [
      "workflow_path as workflowPath",
      "number",
      eb.ref("status").$castTo<RunStatus>().as("status"),
      sql<string>`created_at`.as("at"),
    ])
    .where("project_id", "=", projectId)
    .orderBy("workflow_path")
    .orderBy("number", "desc")
    .execute();
}
