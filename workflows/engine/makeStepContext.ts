import type { Prices } from "../../shared/billing/credits.ts";
import { registryHostsOf } from "../../shared/policy/decideNetwork.ts";
import type { ExpressionContext, Value } from "../../shared/workflow/expressions.ts";
import type { Approved, EngineStep, ObjectStore, RunInfo, StepContext, StepSettings } from "../steps/step.ts";
import { crashPoint } from "./crashPoint.ts";
import { whenConnected, type Sql } from "./database.ts";
import { decideAndRecord, recordDenials, recordHost } from "./decideAndRecord.ts";
import type { RunEvents, StepLog } from "./events.ts";
import { idempotencyId } from "./idempotencyId.ts";
import { leftFilesOf } from "./leftFiles.ts";
import type { RunPlan } from "./planRun.ts";
import { storeArtifact } from "./putArtifact.ts";
import { reserveAndRecord } from "./reserveAndRecord.ts";
import type { RunHost } from "./runHost.ts";
import type { LoadedSecrets, RunSecrets } from "./runSecrets.ts";
import { leavesFiles } from "./runState.ts";
import type { StepRunRow } from "./sql/beginStep.ts";
import { listArtifacts } from "./sql/listArtifacts.ts";
import { listPassedChecks } from "./sql/listPassedChecks.ts";
import { notifyMembers } from "./sql/notifyMembers.ts";
import { publishDeployment } from "./sql/publishDeployment.ts";
import { makeStepSecrets, openedOf } from "./stepSecrets.ts";

export interface StepContextDeps {
  sql: Sql;
  workerId: string;
  events: RunEvents;
  store: ObjectStore;
  secrets: RunSecrets;
  settings: StepSettings;
}

/** One attempt at a step of a run, and what it starts from. */
export interface StepAttempt {
  run: RunInfo;
  plan: RunPlan;
  step: EngineStep;
  event: Record<string, Value>;
  host: RunHost;
  log: StepLog;
  loaded: LoadedSecrets;
  /** Where the run's steps were when this one began. */
  rows: readonly StepRunRow[];
  prices: Prices;
  /** From 1. */
  attempt: number;
  approved: readonly Approved[];
  /** Keeps what this execution stores apart from that of an interrupted one. */
  execution: string;
}

/** Everything that a step may ask of the engine; each of its questions goes through policy and is recorded. */
export function makeStepContext(deps: StepContextDeps, parts: StepAttempt): StepContext {
  const { run, plan, step, host, log, loaded, attempt, approved, execution } = parts;
  const finished = parts.rows.filter((row) =>
    ["succeeded", "failed", "skipped", "canceled"].includes(row.status),
  );
  // Steps that have ended and are not this one: what runs beside it is as new as it is, wherever it runs.
  const workMayExist = finished.some(
    // What was taken over from an earlier run has not begun here, but its files are.
    (row) =>
      leavesFiles(row) &&
      !(run.dryRun && row.type === "agent") &&
      (row.execs > 0 || row.status === "succeeded"),
  );
  const leftFiles = leftFilesOf(deps, { run, plan, finished });
  const expressions: ExpressionContext = {
    inputs: run.inputs,
    event: parts.event,
    project: plan.project,
    run: { id: run.id, number: run.number, commit: run.commit, trigger: run.trigger, attempt: run.attempt },
    steps: Object.fromEntries(
      finished.map((row) => [row.step_id, { status: row.status, outputs: row.outputs }]),
    ),
  };
  const decideDeps = {
    sql: deps.sql,
    events: deps.events,
    run,
    stepId: step.id,
    policies: plan.policies,
    approved,
    log: (text: string) => log.write("note", text),
  };
  const reserveDeps = {
    ...decideDeps,
    workerId: deps.workerId,
    attempt,
    isHandingOver: () => host.abortReason === "handover",
  };
  return {
    run,
    step,
    attempt,
    policies: plan.policies,
    settings: deps.settings,
    checkoutDir: host.repoDir,
    sandbox: (names = []) =>
      host.sandbox(run, {
        policies: plan.policies,
        workMayExist,
        leftFiles,
        secrets: openedOf(loaded, names),
      }),
    cache: () =>
      host.cache(
        run,
        plan.steps.some((one) => one.type === "agent"),
      ),
    secrets: makeStepSecrets({ ...deps, runId: run.id, stepId: step.id, execution, loaded }),
    log: (stream, text) => log.write(stream, text),
    logRoom: () => log.room(),
    decide: (intent) => decideAndRecord(decideDeps, intent),
    prices: parts.prices,
    reserve: (wish) => reserveAndRecord(reserveDeps, wish),
    denied: (rule, message, input) =>
      recordDenials(decideDeps, [{ rule, message }], input ? { action: input.action, input } : {}),
    reached: (host) =>
      recordHost(decideDeps, { host, registryHosts: registryHostsOf(deps.settings.registry) }),
    artifact: (artifact) => storeArtifact(deps, { run, stepId: step.id }, artifact),
    passedChecks: (commit = run.commit) =>
      whenConnected(() => listPassedChecks(deps.sql, { projectId: run.projectId, commit })),
    artifacts: () => whenConnected(() => listArtifacts(deps.sql, run.id)),
    signal: host.signal,
    expressions,
    approved,
    idempotencyId: (purpose) => idempotencyId(run.id, step.id, purpose),
    publish: (deployment) =>
      whenConnected(() =>
        publishDeployment(deps.sql, {
          ...deployment,
          projectId: run.projectId,
          commit: run.commit,
          runId: run.id,
        }),
      ),
    notify: (message) =>
      whenConnected(() => notifyMembers(deps.sql, { runId: run.id, stepId: step.id, message })),
    store: deps.store,
    crashPoint,
  };
}
