import type { ReadWorkflow } from "../../shared/trigger/explainEvent.ts";
import { nextDueTime } from "../../shared/trigger/dueTimes.ts";
import type { Sql } from "../engine/database.ts";
import type { Forge } from "../forges/forge.ts";
import { storeTriggers, type Listener, type NewSchedule } from "./sql/storeTriggers.ts";
import { syncedCommit } from "./sql/syncedCommit.ts";
import type { ReadFiles } from "./workflowFiles.ts";

export interface SyncParts {
  sql: Sql;
  forgeOf(projectId: string): Forge;
  readFiles: ReadFiles;
}

/** Brings the stored triggers of a project in step with the files at the head of its default branch. */
export async function syncTriggers({ sql, forgeOf, readFiles }: SyncParts, projectId: string): Promise<void> {
  const { head } = await forgeOf(projectId).refs();
  const { commit, now } = await syncedCommit(sql, projectId);
  if (head !== null && head === commit) return;
  const { workflows } = head === null ? { workflows: [] } : await readFiles(projectId, head);
  await storeTriggers(sql, projectId, { commit: head, ...triggersOf(workflows, now) });
}

/** What waits, of the files that may run: one with errors starts nothing until they are mended. */
function triggersOf(
  workflows: readonly ReadWorkflow[],
  now: number,
): { listeners: Listener[]; schedules: NewSchedule[] } {
  const listeners: Listener[] = [];
  const schedules: NewSchedule[] = [];
  for (const file of workflows) {
    if (!file.ok) continue;
    file.workflow.triggers.forEach((trigger, index) => {
      const at = { path: file.path, trigger: index };
      if (trigger.type === "cron") {
        const { cron, timezone, catch_up: catchUp } = trigger;
        const next = nextDueTime(trigger, now);
        const nextDue = next === undefined ? null : new Date(next).toISOString();
        schedules.push({ ...at, cron, timezone, catchUp, nextDue });
      } else if (trigger.type === "webhook") {
        listeners.push({ ...at, type: "webhook", name: trigger.name, secretRef: trigger.secret_ref });
      } else if (trigger.type === "repo_event") {
        listeners.push({ ...at, type: "repo_event", name: trigger.event, secretRef: null });
      } else if (trigger.type === "workflow") {
        listeners.push({ ...at, type: "workflow", name: trigger.workflow, secretRef: null });
      }
    });
  }
  return { listeners, schedules };
}
