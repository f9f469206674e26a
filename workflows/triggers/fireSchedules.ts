import { lastDueTimes, nextDueTime, type CronSchedule } from "../../shared/trigger/dueTimes.ts";
import type { TransactionSql } from "postgres";
import type { Sql } from "../engine/database.ts";

interface DueRow {
  project_id: string;
  workflow_path: string;
  trigger: number;
  cron: string;
  timezone: string;
  catch_up: "none" | "last" | "all";
  /** Milliseconds since the epoch, by the database's clock as all times here. */
  next_due: number;
  now: number;
}

/** What is due and older than this was missed. */
const lateMs = 60_000;
/** `catch_up: all` makes up for this many, the last ones. */
const maxCaughtUp = 100;

/**
 * Records a delivery for each schedule that is due, by the clock of the database. A row is one worker's at a time, and a
 * delivery's key is its file and minute: a minute is due once however many workers look, and whatever the clock does.
 * Answers how many rows were dealt with.
 */
export async function fireSchedules(sql: Sql, limit = 50): Promise<number> {
  return sql.begin(async (tx) => {
    const rows = await tx<DueRow[]>`
      select project_id, workflow_path, trigger, cron, timezone, catch_up,
        floor(extract(epoch from next_due) * 1000)::float8 as next_due, floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now
      from public.schedules where next_due <= clock_timestamp() order by next_due limit ${limit} for update skip locked`;
    for (const row of rows) {
      const { fire, next } = whatIsDue(row);
      for (const due of fire) await recordDue(tx, row, due);
      await tx`
        update public.schedules set next_due = ${next === undefined ? null : new Date(next).toISOString()}
        where project_id = ${row.project_id} and workflow_path = ${row.workflow_path} and trigger = ${row.trigger}`;
    }
    return rows.length;
  });
}

/** Which of the due times since `next_due` start a run, by `catch_up`, and when the schedule is due after now. */
export function whatIsDue(row: CronSchedule & Pick<DueRow, "catch_up" | "next_due" | "now">): {
  fire: number[];
  next: number | undefined;
} {
  const { now } = row;
  const since = lastDueTimes(row, { from: row.next_due - 1, to: now, max: maxCaughtUp });
  return { fire: chosen(since, row), next: nextDueTime(row, now) };
}

function chosen(since: number[], { catch_up: catchUp, now }: Pick<DueRow, "catch_up" | "now">): number[] {
  if (catchUp === "all") return since;
  const last = since.slice(-1);
  return catchUp === "last" ? last : last.filter((due) => now - due < lateMs);
}

async function recordDue(sql: TransactionSql, row: DueRow, due: number): Promise<void> {
  const { workflow_path: workflow, cron, timezone } = row;
  const at = new Date(due).toISOString();
  const payload = { event: "cron", workflow, due: at, cron, timezone, late: row.now - due >= lateMs };
  await sql`select private.record_delivery(${row.project_id}, 'cron', ${workflow}, ${`${workflow} ${at}`}, ${sql.json(payload)})`;
}
