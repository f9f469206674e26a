import type { Sql } from "../../engine/database.ts";

export interface Listener {
  path: string;
  trigger: number;
  type: "webhook" | "workflow" | "repo_event";
  name: string;
  secretRef: string | null;
}

export interface NewSchedule {
  path: string;
  trigger: number;
  cron: string;
  timezone: string;
  catchUp: "none" | "last" | "all";
  /** ISO 8601, or null when it never is due. */
  nextDue: string | null;
}

export interface StoredTriggers {
  commit: string | null;
  listeners: Listener[];
  schedules: NewSchedule[];
}

/** Replaces what is known of a project's triggers. A schedule that is as before keeps when it is due next. */
export async function storeTriggers(sql: Sql, projectId: string, triggers: StoredTriggers): Promise<void> {
  const { commit, listeners, schedules } = triggers;
  const json = (items: readonly object[]) => sql.json(items.map((item) => ({ ...item })));
  await sql`select private.sync_triggers(${projectId}, ${commit}, ${json(listeners)}, ${json(schedules)})`;
}
