import type { CallerTransaction } from "../context.ts";

/** Schedules of a project as they are known from its default branch, the next due first. */
export function listSchedules(tx: CallerTransaction, projectId: string) {
  return tx
    .selectFrom("schedules")
    .select((eb) => [
      "workflow_path as workflowPath",
      "trigger",
      "cron",
      "timezone",
      eb.ref("catch_up").$castTo<"none" | "last" | "all">().as("catchUp"),
      "next_due as nextDue",
    ])
    .where("project_id", "=", projectId)
    .orderBy("next_due")
    .limit(200)
    .execute();
}

/** Webhooks that the workflows of the default branch wait for. */
export function listWebhooks(tx: CallerTransaction, projectId: string) {
  return tx
    .selectFrom("trigger_listeners")
    .select(["name", "workflow_path as workflowPath", "secret_ref as secretRef"])
    .where("project_id", "=", projectId)
    .where("type", "=", "webhook")
    .orderBy("name")
    .orderBy("workflow_path")
    .limit(200)
    .execute();
}
