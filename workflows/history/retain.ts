import type { Sql } from "../engine/database.ts";
import * as due from "./sql/dueRecords.ts";
import * as erase from "./sql/eraseRecords.ts";
import * as orphans from "./sql/findOrphans.ts";

export interface RetentionDeps {
  sql: Sql;
  /** Removes an object of storage; one that is not there counts as removed. */
  removeObject(bucket: string, name: string): Promise<void>;
  /** Removes workflows of the engine with all that they started. */
  deleteWorkflows(ids: string[]): Promise<void>;
  /** For tests: may end the round at a named point, as a crash would. */
  crashPoint?(name: string): void;
}

/** How many of each one round may take, so that a round is short whatever has piled up. */
export interface RetentionLimits {
  logs: number;
  artifacts: number;
  runs: number;
  deliveries: number;
  deployments: number;
  blobs: number;
  orphans: number;
}

const defaultLimits: RetentionLimits = {
  logs: 50,
  artifacts: 200,
  runs: 50,
  deliveries: 500,
  deployments: 50,
  blobs: 200,
  orphans: 200,
};

/** How long a blob that nothing names is left: whoever publishes it right now has looked whether it is there. */
const blobGraceSec = 3600;

export interface RetainOptions {
  limits?: Partial<RetentionLimits>;
  /** Also look for what lost its owner: the rows of deleted projects, uploads that a crash left. */
  sweep?: boolean;
  blobGraceSec?: number;
}

export type RetentionRound = Record<keyof RetentionLimits, number>;

/**
 * One round of retention over all organisations; a second worker's round at the same time does nothing (undefined).
 *
 * What lies outside of the tables goes first and the row that names it last: a crash in between leaves a row that says
 * what is still to be done, and the next round does it again. Removing what is gone is no error.
 */
export async function retain(
  deps: RetentionDeps,
  options: RetainOptions = {},
): Promise<RetentionRound | undefined> {
  const lock = await deps.sql.reserve();
  try {
    const [held] = await lock<{ held: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended('coder:retention', 0)) as held`;
    if (held?.held !== true) return undefined;
    try {
      return await round(deps, options);
    } finally {
      await lock`select pg_advisory_unlock(hashtextextended('coder:retention', 0))`;
    }
  } finally {
    lock.release();
  }
}

async function round(deps: RetentionDeps, options: RetainOptions): Promise<RetentionRound> {
  const limits = { ...defaultLimits, ...options.limits };
  const { sql } = deps;
  const logs = await due.dueLogs(sql, limits.logs);
  for (const run of logs) await takeLog(deps, run);
  const artifacts = await due.dueArtifacts(sql, limits.artifacts);
  await takeArtifacts(deps, artifacts);
  const runs = await due.dueRuns(sql, limits.runs);
  for (const run of runs) await takeRun(deps, run);
  const deliveries = await due.dueDeliveries(sql, limits.deliveries);
  if (deliveries.length > 0) {
    await deps.deleteWorkflows(deliveries.map((id) => `delivery/${id}`));
    deps.crashPoint?.("deliveries");
    await erase.eraseDeliveries(sql, deliveries);
  }
  const deployments = await due.dueDeployments(sql, limits.deployments);
  // Their blobs are noted in the same transaction, by a trigger.
  if (deployments.length > 0) await erase.eraseDeployments(sql, deployments);
  deps.crashPoint?.("deployments");
  const blobs = await takeBlobs(deps, {
    limit: limits.blobs,
    graceSec: options.blobGraceSec ?? blobGraceSec,
  });
  const swept = options.sweep === true ? await sweepOrphans(deps, limits.orphans) : 0;
  return {
    logs: logs.length,
    artifacts: artifacts.length,
    runs: runs.length,
    deliveries: deliveries.length,
    deployments: deployments.length,
    blobs,
    orphans: swept,
  };
}

/** The log in events and pages, and its bundle; the run and what else happened stay. */
async function takeLog(deps: RetentionDeps, runId: string): Promise<void> {
  await takeArtifacts(deps, await due.logBundlesOf(deps.sql, runId));
  await erase.eraseLog(deps.sql, runId);
  deps.crashPoint?.("log");
  await erase.markLogErased(deps.sql, runId);
}

async function takeArtifacts(deps: RetentionDeps, artifacts: readonly due.DueArtifact[]): Promise<void> {
  for (const { id, orgId, runId } of artifacts) {
    await deps.removeObject("artifacts", `${orgId}/${runId}/${id}`);
    deps.crashPoint?.("artifact");
    await erase.eraseArtifact(deps.sql, id);
  }
}

async function takeRun(deps: RetentionDeps, runId: string): Promise<void> {
  await takeArtifacts(deps, await due.artifactsOf(deps.sql, runId));
  // The steps are its children.
  await deps.deleteWorkflows([runId]);
  deps.crashPoint?.("run");
  await erase.eraseRun(deps.sql, runId);
}

async function takeBlobs(
  deps: RetentionDeps,
  { limit, graceSec }: { limit: number; graceSec: number },
): Promise<number> {
  // What another deployment names again needs no look any more.
  await erase.forgetNamedBlobs(deps.sql, graceSec);
  const blobs = await due.dueBlobs(deps.sql, limit, graceSec);
  for (const { orgId, sha256 } of blobs) {
    await deps.removeObject("sites", `${orgId}/${sha256}`);
    deps.crashPoint?.("blob");
    await erase.forgetBlob(deps.sql, { orgId, sha256 });
  }
  return blobs.length;
}

async function sweepOrphans(deps: RetentionDeps, limit: number): Promise<number> {
  const workflows = await orphans.findLostWorkflows(deps.sql, limit);
  if (workflows.length > 0) await deps.deleteWorkflows(workflows);
  const objects = await orphans.findLostArtifactObjects(deps.sql, limit);
  for (const name of objects) await deps.removeObject("artifacts", name);
  return workflows.length + objects.length;
}
