import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";
import type { ComparableRun } from "../historyViews.ts";
import { readRun } from "./readRun.ts";

const snapshotSchema = z.object({ yaml: z.string() });

/** A run with what a comparison reads of it. @throws CoderError `not_found` */
export async function comparableRun(
  tx: CallerTransaction,
  projectId: string,
  number: number,
): Promise<ComparableRun> {
  const run = await readRun(tx, projectId, number);
  if (run === undefined) throw new CoderError("not_found", `There is no run ${number} in this project`);
  const { snapshot } = await tx
    .selectFrom("runs")
    .select("snapshot")
    .where("id", "=", run.id)
    .executeTakeFirstOrThrow();
  const reports = await tx
    .selectFrom("artifacts")
    .select((eb) => eb.ref("data").$castTo<ComparableRun["reports"][number]>().as("data"))
    .where("run_id", "=", run.id)
    .where("kind", "=", "test_report")
    .orderBy("created_at")
    .execute();
  const logs = await tx
    .selectFrom("run_logs")
    .select(["step_id as stepId", "lines"])
    .where("run_id", "=", run.id)
    .execute();
  return {
    run,
    yaml: snapshotSchema.safeParse(snapshot).data?.yaml ?? "",
    reports: reports.map((report) => report.data),
    logs,
  };
}
