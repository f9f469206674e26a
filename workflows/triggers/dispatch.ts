import { CoderError } from "../../shared/errors.ts";
import { engineVersion } from "../../shared/run/engineVersion.ts";
import { explainEvent, type Outcome, type Verdict } from "../../shared/trigger/explainEvent.ts";
import { changedPaths, diffRangeOf, runPlaceOf, type RunPlace } from "../../shared/trigger/runPlace.ts";
import type { Source, TriggerEvent } from "../../shared/trigger/triggerEvent.ts";
import { planWorkflow, toPlannedSteps } from "../../shared/workflow/planWorkflow.ts";
import { crashPoint } from "../engine/crashPoint.ts";
import { idempotencyId } from "../engine/idempotencyId.ts";
import type { Forge } from "../forges/forge.ts";
import { endDelivery } from "./sql/endDelivery.ts";
import { listSecretNames } from "./sql/listSecretNames.ts";
import { loadDelivery, type DeliveryRow } from "./sql/loadDelivery.ts";
import { startTriggeredRun, type TriggeredRun } from "./sql/startTriggeredRun.ts";
import { syncTriggers, type SyncParts } from "./syncTriggers.ts";
import type { FilesAt } from "./workflowFiles.ts";

/**
 * Asks every workflow file of a project about a delivery, starts the runs, and stores what became of each file.
 * May be repeated: a run's id is made from the delivery and the path, and a delivery that is done stays as it is.
 */
export async function dispatch(parts: SyncParts, deliveryId: string): Promise<void> {
  const { sql } = parts;
  const delivery = await loadDelivery(sql, deliveryId);
  if (delivery?.status !== "pending") return;
  const { head } = await parts.forgeOf(delivery.project_id).refs();
  const repository = { defaultBranch: delivery.default_branch, head };
  const { source, event, payload } = delivery;
  const place = runPlaceOf({ source, event, payload }, repository);
  if (place === undefined) return endDelivery(sql, deliveryId, { outcome: [] });
  if (event === "push" && place.ref === delivery.default_branch)
    await syncTriggers(parts, delivery.project_id);
  const files = await parts.readFiles(delivery.project_id, place.filesAt);
  const seen = await withPaths(parts, delivery, files);
  const project = {
    provider: "coder",
    owner: delivery.org_slug,
    repo: delivery.project_slug,
    ref: place.ref,
  };
  const outcome: Outcome = [];
  const secrets = await listSecretNames(sql, delivery.project_id);
  for (const verdict of explainEvent(files.workflows, seen, { project, depth: delivery.depth, secrets })) {
    outcome.push(verdict.kind === "fires" ? await start(parts, { delivery, seen, place, verdict }) : verdict);
    if (outcome.at(-1)?.kind === "fired") crashPoint("mid-dispatch");
  }
  await endDelivery(sql, deliveryId, { outcome });
}

/** The event with the paths that its commits changed, where it has commits, does not list them, and somebody may ask. */
async function withPaths(parts: SyncParts, delivery: DeliveryRow, files: FilesAt): Promise<TriggerEvent> {
  const { source, event, payload } = delivery;
  const range = diffRangeOf({ source, event, payload }, delivery.default_branch);
  const isAskedFor = files.workflows.some(
    (file) =>
      file.ok && file.workflow.triggers.some((one) => one.type === "repo_event" && one.event === event),
  );
  if (range === undefined || !isAskedFor) return { source, event, payload };
  const forge = parts.forgeOf(delivery.project_id);
  const paths =
    range.base === undefined ? files.paths : await pathsBetween(forge, { ...range, base: range.base }, files);
  return { source, event, payload: { ...payload, paths } };
}

async function pathsBetween(
  forge: Forge,
  range: { base: string; head: string },
  files: FilesAt,
): Promise<string[]> {
  try {
    return changedPaths((await forge.diff(range.base, range.head)).files);
  } catch (error) {
    // A history that was rewritten and cleaned up: what is there may all be new.
    if (error instanceof CoderError && error.code === "not_found") return files.paths;
    throw error;
  }
}

const triggerOf: Record<Source, TriggeredRun["trigger"]> = {
  repo: "repo_event",
  webhook: "webhook",
  cron: "cron",
  workflow: "workflow",
  manual: "manual",
};

interface Firing {
  delivery: DeliveryRow;
  seen: TriggerEvent;
  place: RunPlace;
  verdict: Verdict & { kind: "fires" };
}

async function start(
  { sql }: SyncParts,
  { delivery, seen, place, verdict }: Firing,
): Promise<Outcome[number]> {
  const { path, name, inputs, concurrency, workflow, source: yaml } = verdict;
  const runId = idempotencyId("delivery", delivery.id, path);
  try {
    const runNumber = await startTriggeredRun(sql, {
      id: runId,
      projectId: delivery.project_id,
      path,
      name,
      ref: place.ref,
      commit: place.commit,
      trigger: triggerOf[delivery.source],
      inputs,
      snapshot: { yaml, engineVersion, event: seen.payload },
      steps: toPlannedSteps(planWorkflow(workflow)),
      deliveryId: delivery.id,
      depth: delivery.depth,
      concurrency,
    });
    return { kind: "fired", path, name, trigger: verdict.trigger, runId, runNumber };
  } catch (error) {
    const reason = refusal(error);
    if (reason === undefined) throw error;
    return { kind: "rejected", path, name, clauses: [{ clause: "start", reason }] };
  }
}

/** What start_run said when it refused the run (a frozen project, a limit), or undefined for trouble of another kind. */
function refusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return ["42501", "P0001", "22023", "23514"].includes(String(error.code)) ? error.message : undefined;
}
