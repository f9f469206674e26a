import { CoderError } from "../../shared/errors.ts";
import type { RunStatus } from "../../shared/run/events.ts";
import type { RunSeed } from "../../shared/run/seedFromFailed.ts";
import type { Concurrency } from "../../shared/workflow/resolveConcurrency.ts";
import type { CallerTransaction } from "../context.ts";
import type { Json, RunSummary } from "../views.ts";

export interface StoredRun {
  id: string;
  projectId: string;
  number: number;
  kind: RunSummary["kind"];
  status: RunStatus;
  workflowPath: string;
  name: string;
  ref: string;
  commit: string;
  inputs: { [key: string]: Json };
  snapshot: Json;
  dryRun: boolean;
  /** Its place in a concurrency group, as resolved when it was started. */
  concurrency: Concurrency | null;
  seed: RunSeed;
}

/** A run the caller can see, with what it takes to run it again. @throws CoderError `not_found` */
export async function requireRun(tx: CallerTransaction, id: string): Promise<StoredRun> {
  const run = await findRun(tx, id);
  if (run === undefined) throw new CoderError("not_found", "There is no such run, or you may not see it");
  return run;
}

export function findRun(tx: CallerTransaction, id: string): Promise<StoredRun | undefined> {
  return tx
    .selectFrom("runs")
    .select((eb) => [
      "id",
      "project_id as projectId",
      "number",
      eb.ref("kind").$castTo<StoredRun["kind"]>().as("kind"),
      eb.ref("status").$castTo<RunStatus>().as("status"),
      "workflow_path as workflowPath",
      "name",
      "ref",
      "commit",
      eb.ref("inputs").$castTo<StoredRun["inputs"]>().as("inputs"),
      eb.ref("snapshot").$castTo<Json>().as("snapshot"),
      "dry_run as dryRun",
      eb.ref("concurrency").$castTo<Concurrency | null>().as("concurrency"),
      eb.ref("seed").$castTo<RunSeed>().as("seed"),
    ])
    .where("id", "=", id)
    .executeTakeFirst();
}
