import { sql } from "kysely";
import type { StepStatus } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { Run, RunStep } from "../views.ts";
import { selectRuns } from "./listRuns.ts";

/** One run with its steps, or undefined. */
export async function readRun(
  tx: CallerTransaction,
  projectId: string,
  number: number,
): Promise<Run | undefined> {
  const run = await selectRuns(tx)
    .select((eb) => [
      eb.ref("r.inputs").$castTo<Run["inputs"]>().as("inputs"),
      eb.ref("r.outputs").$castTo<Run["outputs"]>().as("outputs"),
      "r.rerun_of as rerunOf",
      "r.cancel_requested_at as cancelRequestedAt",
      "r.last_seq as lastSeq",
      "r.logs_packed_at as packedAt",
      "r.logs_deleted_at as deletedAt",
    ])
    .where("r.project_id", "=", projectId)
    .where("r.number", "=", number)
    .executeTakeFirst();
  if (run === undefined) return undefined;
  const steps: RunStep[] = await tx
    .selectFrom("step_runs as s")
    .select((eb) => [
      "step_id as id",
      "position",
      "type",
      "name",
      eb.ref("status").$castTo<StepStatus>().as("status"),
      "attempt",
      sql<number>`(select coalesce(sum(h.spent), 0) from holds h where h.run_id = s.run_id and h.step_id = s.step_id)::float8`.as(
        "millicredits",
      ),
      "exit_code as exitCode",
      eb.ref("outputs").$castTo<RunStep["outputs"]>().as("outputs"),
      eb.ref("failure").$castTo<RunStep["failure"]>().as("failure"),
      "started_at as startedAt",
      "finished_at as finishedAt",
    ])
    .where("run_id", "=", run.id)
    .orderBy("position")
    .execute();
  const { packedAt, deletedAt, ...shown } = run;
  const logs = deletedAt !== null ? "deleted" : packedAt !== null ? "pages" : "events";
  return { ...shown, logs, attempts: await attemptsOf(tx, run.id), topic: `run:${run.id}`, steps };
}

/** The chain of re-runs around a run; a chain longer than 20 each way is cut. */
async function attemptsOf(tx: CallerTransaction, runId: string): Promise<Run["attempts"]> {
  const { rows } = await sql<Run["attempts"][number]>`
    with recursive earlier as (
      select r.rerun_of as id, 1 as far from runs r where r.id = ${runId} and r.rerun_of is not null
      union all select r.rerun_of, e.far + 1 from earlier e join runs r on r.id = e.id where r.rerun_of is not null and e.far < 20
    ), later as (
      select r.id, 1 as far from runs r where r.rerun_of = ${runId}
      union all select r.id, l.far + 1 from later l join runs r on r.rerun_of = l.id where l.far < 20
    )
    select r.number, r.status, c.relation from (
      select id, far, 'earlier' as relation from earlier union all (select id, far, 'later' from later limit 50)
    ) c join runs r on r.id = c.id order by c.relation, c.far, r.number`.execute(tx);
  return rows;
}
