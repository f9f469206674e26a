import { DBOS } from "@dbos-inc/dbos-sdk";
import { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Prices } from "../../shared/billing/credits.ts";
import type { SecretKeys } from "../../shared/secrets/secretKeys.ts";
import { httpForge } from "../forges/httpForge.ts";
import type { OpenSandbox } from "../sandbox/sandbox.ts";
import { makeHistoryTasks } from "../history/historyTasks.ts";
import type { StepSettings } from "../steps/step.ts";
import { makeDeliveryIntake } from "../triggers/deliveryIntake.ts";
import { deliveryQueue, makeTriggers } from "../triggers/makeTriggers.ts";
import type { Checkout } from "./checkout.ts";
import { applicationVersion, configureDbos } from "./configureDbos.ts";
import { connectDatabase, isFenced, isLostConnection, whenConnected, type Sql } from "./database.ts";
import { makeRunEvents, type RunEvents } from "./events.ts";
import type { ExecuteDeps } from "./executeStep.ts";
import { every } from "./every.ts";
import { estimateRun } from "./estimate.ts";
import { takeLease } from "./lease.ts";
import { makeLogBundle } from "./logBundle.ts";
import { makeObjectStore } from "./objectStore.ts";
import { makeRunHosts, type RunHosts } from "./runHost.ts";
import { makeRunSecrets, type RunSecrets } from "./runSecrets.ts";
import { executeAttempt, makeRunStep } from "./runStep.ts";
import { makeIntake, type Intake } from "./intake.ts";
import { putArtifact } from "./putArtifact.ts";
import { makeReaper } from "./reaper.ts";
import { catchUp, reconcile } from "./reconcile.ts";
import { noRepair } from "./repair.ts";
import { makeRunNotices, type RunNotice, type RunNotices } from "./runNotices.ts";
import { loadedRun, type LoadedRun } from "./loadedRun.ts";
import { makeRunWorkflow } from "./runWorkflow.ts";
import { makeStepCacheStore } from "./stepCacheStore.ts";
import { isLight } from "./runState.ts";
import { makeSlots, type Slots } from "./slots.ts";
import type { KeyedEvent } from "./sql/appendRunEvents.ts";
import { parkRun } from "./sql/parkRun.ts";
import { isWorkerAlive } from "./sql/isWorkerAlive.ts";

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
  /** Leaves in order: what runs is stopped and handed to other workers. For as long as the database is away it may not resolve. */
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
  notices: RunNotices;
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
  const notices = makeRunNotices({ sql, hosts, secrets, logger });
  const parts: Parts = { options, sql, events, hosts, secrets, slots, intake, notices };
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
    notices.listen(),
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
    // Approvals expire without a notice.
    every(1000, () => Promise.resolve(intake.wake()), logger),
    // Should a notice have been lost.
    every(5000, () => Promise.resolve(deliveries.wake()), logger),
    every(Math.min(1000, options.leaseMs / 6), reap, logger),
    every(5000, () => reconcile({ sql, events, logger }), logger),
    every(5000, () => catchUp({ sql, hosts }), logger),
    ...triggers.loops.map(({ everyMs, work }) => every(everyMs, work, logger)),
    every(1000, () => history.packLogs(), logger),
    every(60_000, () => history.retain(), logger),
  ];
  return {
    async stop() {
      for (const end of loops) end();
      intake.stop();
      // Whatever becomes of the database: no command outlives this.
      await Promise.all([deliveries.stop(), hosts.handOver()]);
      await Promise.all(subscriptions.map((subscription) => subscription.unlisten()));
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

function registerWorkflows(parts: Parts, fence: (reason: string) => void): void {
  const { options, sql, events, hosts, secrets, slots, intake, notices } = parts;
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
      const loaded = known.get(runId) ?? (await loadedRun(sql, runId));
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
      const loaded = await loadedRun(sql, runId);
      if (loaded) known.set(runId, loaded);
      return loaded;
    },
    runStep: registeredStep,
    attempt: (request) => executeAttempt(stepDeps, request),
    abort: (runId, reason) => notices.tell({ runId, type: "abort", reason }),
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
      const files = plan.steps.every(isLight) ? "none" : keepFiles ? "keep" : "remove";
      // Whoever runs it again finds the files in their place when the end is known.
      if (files === "keep") await notices.finishHere(run.id, files);
      const notice: RunNotice = { runId: run.id, type: "finished", files };
      // What has opened no sandbox has left nothing on other workers.
      if (files === "none") notices.act(notice);
      else await notices.tell(notice);
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
