import { DBOS } from "@dbos-inc/dbos-sdk";
import { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Prices } from "../../shared/billing/credits.ts";
import type { SecretKeys } from "../../shared/secrets/secretKeys.ts";
import { httpForge } from "../forges/httpForge.ts";
import type { OpenSandbox } from "../sandbox/sandbox.ts";
import { makeHistoryTasks } from "../history/historyTasks.ts";
import type { RunInfo, StepSettings } from "../steps/step.ts";
import { makeDeliveryIntake } from "../triggers/deliveryIntake.ts";
import { deliveryQueue, makeTriggers } from "../triggers/makeTriggers.ts";
import type { Checkout } from "./checkout.ts";
import { connectDatabase, isFenced, isLostConnection, whenConnected, type Sql } from "./database.ts";
import { makeRunEvents, type RunEvents } from "./events.ts";
import { putArtifact, type ExecuteDeps } from "./executeStep.ts";
import { estimateRun } from "./estimate.ts";
import { takeLease } from "./lease.ts";
import { makeLogBundle } from "./logBundle.ts";
import { makeObjectStore } from "./objectStore.ts";
import { planRun } from "./planRun.ts";
import { makeRunHosts, type AbortReason, type RunHosts } from "./runHost.ts";
import { makeRunSecrets, type RunSecrets } from "./runSecrets.ts";
import { executeAttempt, makeRunStep } from "./runStep.ts";
import { makeIntake, type Intake } from "./intake.ts";
import { makeReaper } from "./reaper.ts";
import { noRepair } from "./repair.ts";
import { makeRunWorkflow, type LoadedRun } from "./runWorkflow.ts";
import { makeStepCacheStore } from "./stepCacheStore.ts";
import { isLight } from "./runState.ts";
import { makeSlots, type Slots } from "./slots.ts";
import type { KeyedEvent } from "./sql/appendRunEvents.ts";
import { findAbandonedRuns } from "./sql/findAbandonedRuns.ts";
import { findOpenRuns } from "./sql/findOpenRuns.ts";
import { loadRun } from "./sql/loadRun.ts";
import { parkRun } from "./sql/parkRun.ts";
import { releaseGroups } from "./sql/releaseGroups.ts";
import { isWorkerAlive } from "./sql/isWorkerAlive.ts";

/** Constant: with DBOS's own hash of the code, a deploy would leave the runs before it behind. Changes of shape use DBOS.patch. */
const applicationVersion = "coder-1";
const channel = "coder_runs";
/** Told by public.start_run and whatever else lets a run start (supabase/migrations). */
const queueChannel = "coder_queue";
const deliveryChannel = "coder_deliveries";

export interface EngineOptions {
  workerId: string;
  databaseUrl: string;
  leaseMs: number;
  settings: StepSettings;
  checkout: Checkout;
  openSandbox: OpenSandbox;
  /** Directories of the installation that no sandbox may read. */
  privateDirs: readonly string[];
  /** What runs that begin here pay. */
  prices: Prices;
  /** How many steps run at once. */
  maxSteps: number;
  /** Values that never leave this process. */
  secrets: readonly string[];
  /** Open the secrets of runs; undefined where the installation keeps none. */
  secretKeys: SecretKeys | undefined;
  /** How somebody sets a secret that does not exist, as a sentence; by default where a server keeps them. */
  whereToSetSecret?(name: string): string;
  logger: Logger;
  /** The lease is lost: everything of this process must stop. Children have been killed when it is called. */
  onFenced(reason: string): void;
}

export interface Engine {
  /** Leaves in order: what runs is stopped and handed to other workers. */
  stop(): Promise<void>;
}

interface Parts {
  options: EngineOptions;
  sql: Sql;
  events: RunEvents;
  hosts: RunHosts;
  secrets: RunSecrets;
  slots: Slots;
  intake: Intake;
}

/** Connects, takes the lease, and works on runs until it is stopped. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { workerId, logger } = options;
  const sql = connectDatabase(options.databaseUrl);
  const leaseSql = connectDatabase(options.databaseUrl, { max: 2 });
  const { whereToSetSecret: whereToSet = inTheProject } = options;
  const secrets = makeRunSecrets({ sql, keys: options.secretKeys, own: options.secrets, whereToSet });
  const events = makeRunEvents({ sql, workerId, redactorOf: (runId) => secrets.redactorOf(runId) });
  const hosts = makeRunHosts({
    workDir: options.settings.workDir,
    registry: options.settings.registry,
    workerId,
    checkout: options.checkout,
    openSandbox: options.openSandbox,
    privateDirs: options.privateDirs,
    stepCache: makeStepCacheStore(join(options.settings.workDir, "stepCache")),
    isWorkerAlive: (id) => isWorkerAlive(sql, id),
  });
  const slots = makeSlots(options.maxSteps);
  const intake = makeIntake({
    sql,
    workerId,
    // No more than can work: what one worker has taken, a free one cannot have.
    maxRuns: options.maxSteps,
    start: dispatchClaimed,
    onError: (error) => {
      if (!isLostConnection(error)) logger.error({ err: error }, "A queued run could not be taken");
    },
  });
  const parts: Parts = { options, sql, events, hosts, secrets, slots, intake };
  const fence = makeFence(parts);
  configureDbos(options);
  registerWorkflows(parts, fence);
  const { url, serviceKey: token } = options.settings;
  const forgeOf = (projectId: string) => httpForge({ url, projectId, token });
  const triggers = makeTriggers({ sql, forgeOf, logger });
  const deliveries = makeDeliveryIntake({
    sql,
    workerId,
    start: dispatchClaimed,
    onError: (error) => {
      if (!isLostConnection(error)) logger.error({ err: error }, "A delivery could not be taken");
    },
  });
  const deliver = (deliveryId: string): Promise<string> =>
    triggers.deliver(deliveryId).finally(() => deliveries.done());
  DBOS.registerWorkflow(deliver, { name: "deliver", maxRecoveryAttempts: 1_000_000 });
  // Before launch: nothing may be ours that the others would take for a dead worker's.
  const lease = await takeLease({
    sql: leaseSql,
    workerId,
    version: applicationVersion,
    leaseMs: options.leaseMs,
    onLost: fence,
  });
  await DBOS.launch();
  await DBOS.registerQueue("deliveries", { ...deliveryQueue, onConflict: "always_update" });
  const history = makeHistoryTasks({ sql, settings: options.settings, logger });
  const subscriptions = await Promise.all([
    parts.sql.listen(channel, (payload) => act(parts, JSON.parse(payload) as Notice)),
    parts.sql.listen(
      queueChannel,
      () => intake.wake(),
      () => intake.wake(),
    ),
    parts.sql.listen(
      deliveryChannel,
      () => deliveries.wake(),
      () => deliveries.wake(),
    ),
  ]);
  const reap = makeReaper({
    sql: leaseSql,
    lease,
    version: applicationVersion,
    leaseMs: options.leaseMs,
    logger,
  });
  const loops = [
    // Should a notice have been lost.
    every(1000, () => Promise.resolve(intake.wake()), logger),
    every(1000, () => Promise.resolve(deliveries.wake()), logger),
    every(Math.min(1000, options.leaseMs / 6), reap, logger),
    every(5000, () => reconcile(parts), logger),
    every(5000, () => catchUp(parts), logger),
    ...triggers.loops.map(({ everyMs, work }) => every(everyMs, work, logger)),
    every(1000, () => history.packLogs(), logger),
    every(60_000, () => history.retain(), logger),
  ];
  return {
    async stop() {
      for (const end of loops) end();
      intake.stop();
      deliveries.stop();
      await Promise.all(subscriptions.map((subscription) => subscription.unlisten()));
      await hosts.handOver();
      await DBOS.shutdown({ workflowCompletionTimeoutMS: 0 });
      await lease.release();
      await Promise.all([sql.end({ timeout: 2 }), leaseSql.end({ timeout: 2 })]);
    },
  };
}

/** Starts workflows that were claimed for this worker with this token. */
async function dispatchClaimed(workflowIds: string[], claim: string): Promise<void> {
  await DBOSExecutor.globalInstance?.dispatchDequeuedWorkflows(workflowIds, claim);
}

function inTheProject(name: string): string {
  return `Add it in the project's settings under Secrets, or with \`coder secrets set ${name}\`.`;
}

function makeFence({ options, hosts }: Parts): (reason: string) => void {
  let fenced = false;
  return (reason) => {
    if (fenced) return;
    fenced = true;
    options.logger.fatal(
      { workerId: options.workerId },
      `The lease is lost (${reason}): everything here stops`,
    );
    void hosts.handOver().finally(() => options.onFenced(reason));
  };
}

function configureDbos(options: EngineOptions): void {
  const { logger } = options;
  DBOS.setConfig({
    name: "coder",
    systemDatabaseUrl: options.databaseUrl,
    systemDatabasePoolSize: 10,
    executorID: options.workerId,
    applicationVersion,
    enablePatching: true,
    // The stack migrates once, at its start: two workers migrating an empty database would deadlock.
    runMigrations: false,
    logger: {
      info: (entry) => logger.debug(entry),
      debug: (entry) => logger.trace(entry),
      warn: seldom((entry) => logger.warn(entry)),
      error: seldom((entry) => logger.error(entry)),
    },
  });
}

const sameAgainMs = 10_000;

/** Says the same thing at most every ten seconds: while the database is away DBOS complains at every poll. */
function seldom(write: (entry: unknown) => void): (entry: unknown) => void {
  const saidAt = new Map<string, number>();
  return (entry) => {
    const text = (entry instanceof Error ? entry.message : String(entry)).slice(0, 60);
    const now = performance.now();
    if (now - (saidAt.get(text) ?? -Infinity) < sameAgainMs) return;
    if (saidAt.size > 1000) saidAt.clear();
    saidAt.set(text, now);
    write(entry);
  };
}

async function load(sql: Sql, runId: string): Promise<LoadedRun | undefined> {
  const row = await whenConnected(() => loadRun(sql, runId));
  if (!row) return undefined;
  const run: RunInfo = {
    id: row.id,
    number: row.number,
    orgId: row.org_id,
    orgSlug: row.org_slug,
    projectId: row.project_id,
    projectSlug: row.project_slug,
    defaultBranch: row.default_branch,
    kind: row.kind,
    workflowPath: row.workflow_path,
    ref: row.ref,
    commit: row.commit,
    trigger: row.trigger,
    attempt: row.attempt,
    dryRun: row.dry_run,
    createdBy: row.created_by,
    inputs: row.inputs,
  };
  return {
    run,
    plan: planRun(row),
    event: row.snapshot.event ?? {},
    status: row.status,
    rerunOf: row.rerun_of,
    seed: row.seed,
    takenBy: row.taken_by,
    owner: row.owner,
    received: row.received,
  };
}

function registerWorkflows(parts: Parts, fence: (reason: string) => void): void {
  const { options, sql, events, hosts, secrets, slots, intake } = parts;
  const { workerId, settings, prices } = options;
  const store = makeObjectStore(settings);
  // What a step needs of its run never changes, and its run has just read it.
  const known = new Map<string, LoadedRun>();
  const stepDeps: ExecuteDeps = {
    sql,
    workerId,
    prices,
    events,
    hosts,
    store,
    secrets,
    settings,
    slots,
    repair: noRepair,
    pausing: (runId) => intake.pausing(runId),
    onFenced: () => fence("an event was refused"),
    async load(runId) {
      const loaded = known.get(runId) ?? (await load(sql, runId));
      if (!loaded) throw new Error(`Run ${runId} is gone`);
      return loaded;
    },
  };
  const registeredStep = DBOS.registerWorkflow(makeRunStep(stepDeps), {
    name: "step",
    maxRecoveryAttempts: 1_000_000,
  });
  const runWorkflow = makeRunWorkflow({
    sql,
    workerId,
    prices,
    events,
    async load(runId) {
      const loaded = await load(sql, runId);
      if (loaded) known.set(runId, loaded);
      return loaded;
    },
    runStep: registeredStep,
    attempt: (request) => executeAttempt(stepDeps, request),
    abort: (runId, reason) => tell(parts, { runId, type: "abort", reason }),
    takeOverFiles: (run, from) => hosts.takeOver(run.id, from),
    working: (run) => intake.working(run),
    async park(loaded, wakeAt) {
      const runId = loaded.run.id;
      // DBOS would keep the execution on its list for as long as the worker lives.
      const execution = DBOSExecutor.globalInstance?.systemDatabase.runningWorkflowMap.get(runId)?.at(-1);
      // Before it is anybody else's, who might be this worker again.
      known.delete(runId);
      secrets.rest(runId);
      intake.settled(runId);
      const { owner } = loaded;
      const parked = await whenConnected(() => parkRun(sql, { runId, workerId, owner, wakeAt }));
      if (parked) execution?.release();
      else known.set(runId, loaded);
      return parked;
    },
    async finish({ run, plan }, { keepFiles }) {
      const stored: KeyedEvent[] = [];
      const owner = { run, stepId: null };
      try {
        const bytes = await makeLogBundle(sql, run.id);
        const bundle = { kind: "log_bundle" as const, name: "log.txt.gz", contentType: "application/gzip" };
        if (bytes)
          stored.push(
            await putArtifact({ store, secrets }, owner, { ...bundle, bytes, data: { lines: "gzip" } }),
          );
      } catch (error) {
        if (isFenced(error)) throw error;
        // The log itself is in the events; a run does not fail for its copy.
        options.logger.error({ err: error, runId: run.id }, "The log bundle could not be stored");
      }
      known.delete(run.id);
      if (run.dryRun && run.kind === "workflow")
        stored.push(await putArtifact({ store, secrets }, owner, await estimateRun(sql, run, plan)));
      // Whoever runs it again finds the files in their place when the end is known.
      if (keepFiles) await finishHere(parts, run.id, { keepFiles });
      const notice: Notice = { runId: run.id, type: "finished", keepFiles };
      // What has opened no sandbox has left nothing on other workers.
      if (plan.steps.every(isLight)) act(parts, notice);
      else await tell(parts, notice);
      return stored;
    },
  });
  const fencedRun = async (runId: string): Promise<string> => {
    try {
      return await runWorkflow(runId);
    } catch (error) {
      if (!isFenced(error)) throw error;
      fence("an event was refused");
      return new Promise<never>(() => undefined);
    } finally {
      intake.settled(runId);
    }
  };
  // Each take-over counts as a recovery; a run that waits for weeks may see many.
  DBOS.registerWorkflow(fencedRun, { name: "run", maxRecoveryAttempts: 1_000_000 });
}

type Notice =
  | { runId: string; type: "abort"; reason: AbortReason }
  | { runId: string; type: "finished"; keepFiles: boolean };

/** Acts on a notice here at once, and passes it to the other workers: after a take-over a run and its steps may be apart. */
async function tell(parts: Parts, notice: Notice): Promise<void> {
  act(parts, notice);
  await whenConnected(() => parts.sql.notify(channel, JSON.stringify(notice)));
}

function act(parts: Parts, notice: Notice): void {
  if (notice.type === "abort") parts.hosts.abort(notice.runId, notice.reason);
  else {
    parts.secrets.forget(notice.runId);
    void finishHere(parts, notice.runId, notice);
  }
}

async function finishHere(
  { hosts, options }: Parts,
  runId: string,
  { keepFiles }: { keepFiles: boolean },
): Promise<void> {
  try {
    await hosts.finish(runId, { keepFiles });
  } catch (error) {
    options.logger.error({ err: error, runId }, "A finished run could not be cleaned up");
  }
}

/** Runs something again and again, never twice at once; a lost connection is the next round's business. */
function every(intervalMs: number, work: () => Promise<void>, logger: Logger): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch((error: unknown) => {
        if (!isLostConnection(error)) logger.error({ err: error }, "A periodic task failed");
      })
      .finally(() => (busy = false));
  }, intervalMs);
  return () => clearInterval(timer);
}

/** Catches up with what this worker may not have been told: runs that were canceled, ended or deleted meanwhile. */
async function catchUp({ sql, hosts }: Parts): Promise<void> {
  const present = await hosts.present();
  if (present.length === 0) return;
  const open = new Map((await findOpenRuns(sql, present)).map((run) => [run.id, run]));
  for (const runId of present) {
    const run = open.get(runId);
    if (run === undefined) await hosts.finish(runId);
    else if (run.cancel_requested) hosts.abort(runId, "canceled");
  }
}

async function reconcile({ sql, events, options }: Parts): Promise<void> {
  await releaseGroups(sql);
  for (const { run_id: runId, status } of await findAbandonedRuns(sql)) {
    options.logger.warn({ runId, status }, "A run's workflow ended without its last event");
    const canceled = status === "CANCELLED";
    await events.append(runId, {
      key: "run.finished",
      event: {
        type: "run.finished",
        status: canceled ? "canceled" : "failed",
        failure: canceled
          ? { code: "canceled", message: "The run was canceled." }
          : { code: "internal", message: `The engine gave the run up (${status}).` },
        outputs: {},
      },
    });
  }
}
