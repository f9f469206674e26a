import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { LogPage } from "../historyViews.ts";

interface StepOfRun {
  runId: string;
  stepId: string;
}

/** The pages of a step's log that hold the lines from `from` to `to`, both counted from 0. */
export function logPages(
  tx: CallerTransaction,
  of: StepOfRun & { from: number; to: number; limit: number },
): Promise<LogPage[]> {
  return tx
    .selectFrom("run_log_pages")
    .select((eb) => [
      "first_line as firstLine",
      "lines",
      "body",
      eb.ref("marks").$castTo<LogPage["marks"]>().as("marks"),
    ])
    .where("run_id", "=", of.runId)
    .where("step_id", "=", of.stepId)
    .where("first_line", "<=", of.to)
    .where(sql<boolean>`first_line + lines > ${of.from}`)
    .orderBy("first_line")
    .limit(of.limit)
    .execute();
}

/** Numbers (from 0) of the lines of a step's log that hold the words, ignoring case, in order. */
export async function findInLog(
  tx: CallerTransaction,
  of: StepOfRun & { words: string; limit: number },
): Promise<number[]> {
  const pattern = `%${of.words.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const { rows } = await sql<{ line: number }>`
    select (p.first_line + l.ordinality - 1)::int as line from run_log_pages p
    cross join lateral string_to_table(coalesce(p.plain, p.body), E'\n') with ordinality l (text, ordinality)
    where p.run_id = ${of.runId} and p.step_id = ${of.stepId} and coalesce(p.plain, p.body) ilike ${pattern} and l.text ilike ${pattern}
    order by 1 limit ${of.limit}`.execute(tx);
  return rows.map((row) => row.line);
}
