import { createHash } from "node:crypto";
import { freeOfCharge, type Prices } from "../../shared/billing/credits.ts";
import { CoderError, toCoderError } from "../../shared/errors.ts";
import type { Artifact, Failure, RunEvent } from "../../shared/run/events.ts";
import { registryHostsOf } from "../../shared/policy/decideNetwork.ts";
import type { ExpressionContext, Value } from "../../shared/workflow/expressions.ts";
import { stepKinds } from "../steps/stepKinds.ts";
import type {
  Approved,
  EngineStep,
  NewArtifact,
  ObjectStore,
  RunInfo,
  StepContext,
  StepResult,
  StepSettings,
} from "../steps/step.ts";
import { crashPoint } from "./crashPoint.ts";
import { isFenced, whenConnected, type Sql } from "./database.ts";
import { decideAndRecord, freezeRefusal, recordDenials, recordHost } from "./decideAndRecord.ts";
import type { RunEvents, StepLog } from "./events.ts";
import { idempotencyId } from "./idempotencyId.ts";
import type { RunPlan } from "./planRun.ts";
import type { Redactor } from "./redact.ts";
import type { Repair } from "./repair.ts";
import { reserveAndRecord } from "./reserveAndRecord.ts";
import { RunAborted, WorkspaceLost, type RunHost, type RunHosts } from "./runHost.ts";
import type { LoadedSecrets, RunSecrets } from "./runSecrets.ts";
import type { Slots } from "./slots.ts";
import { runStarted } from "./runStarted.ts";
import { isLight, leavesFiles } from "./runState.ts";
import { leftFilesOf } from "./leftFiles.ts";
import { beginStep, type StepRunRow } from "./sql/beginStep.ts";
import { listPassedChecks } from "./sql/listPassedChecks.ts";
import { listArtifacts } from "./sql/listArtifacts.ts";
import { notifyMembers } from "./sql/notifyMembers.ts";
import { publishDeployment } from "./sql/publishDeployment.ts";
import { makeStepSecrets, openedOf } from "./stepSecrets.ts";

export interface StepRequest {
  runId: string;
  stepId: string;
  /** From 1. */
  attempt: number;
  /** How often the step had begun when this attempt was decided on: more than one further begin is an interruption. */
  execsBefore: number;
  /** No attempt follows this one. */
  last: boolean;
  approved: readonly Approved[];
  /** The run was stopped while this attempt was due. */
  stopped: "canceled" | "budget_wall_clock" | null;
}

export type StepOutcome =
  | {
      kind: "ended";
      status: "succeeded" | "failed" | "canceled";
      failure: Failure | null;
      outputs: Record<string, Value>;
      execs: number;
      /** The end is stored: no attempt follows. */
      final: boolean;
      /** The database's time, in milliseconds since the epoch; null when nothing was stored. */
      endedAt: number | null;
    }
  | ({ kind: "needs_approval"; execs: number } & Omit<NeedsApproval, "status">);

type NeedsApproval = Extract<StepResult, { status: "needs_approval" }>;

export interface ExecuteDeps {
  sql: Sql;
  workerId: string;
  events: RunEvents;
  hosts: RunHosts;
  slots: Slots;
  store: ObjectStore;
  secrets: RunSecrets;
  repair: Repair;
  /** What runs that begin here pay. */
  prices: Prices;
  /** A step of the run pauses between two attempts, until the returned function is called. */
  pausing(runId: string): () => void;
  settings: StepSettings;
  load(runId: string): Promise<{ run: RunInfo; plan: RunPlan; event: Record<string, Value> }>;
  /** The lease is lost: stop at once. */
  onFenced(): void;
}

type Ended = {
  status: "succeeded" | "failed" | "canceled";
  failure: Failure | null;
  outputs: Record<string, Value>;
  exitCode: number | null;
  /** It is not to be tried again. */
  gaveUp?: boolean;
};

/**
 * One attempt at a step: counts it, does the work, stores log and end. Runs again from the beginning when the worker
 * dies in the middle. It never returns on a worker that leaves: the attempt belongs to whoever takes over.
 */
export async function executeStep(deps: ExecuteDeps, request: StepRequest): Promise<StepOutcome> {
  try {
    return await attemptStep(deps, request);
  } catch (error) {
    if (isFenced(error)) deps.onFenced();
    else if (!(error instanceof RunAborted && error.reason === "handover")) throw error;
    return new Promise<never>(() => undefined);
  }
}

async function attemptStep(deps: ExecuteDeps, request: StepRequest): Promise<StepOutcome> {
  const { runId, stepId, attempt } = request;
  const host = deps.hosts.get(runId);
  const { run, plan, event } = await deps.load(runId);
  const step = plan.steps.find((one) => one.id === stepId);
  if (!step) throw new CoderError("internal", `Run ${runId} has no step ${stepId}`);
  if (request.stopped) host.abort(request.stopped);
  const asking = { orgId: run.orgId, first: host.isOpen };
  // What opens no sandbox needs no slot.
  const release = isLight(step)
    ? () => undefined
    : await deps.slots.take(host.signal, asking).catch(() => undefined);
  const free = host.use();
  const startedAt = performance.now();
  const finish = async (ended: Ended, execs: number): Promise<StepOutcome> => {
    if (host.abortReason === "handover") throw new RunAborted("handover");
    // The outcome is journaled as well as stored as an event.
    const { status, failure, outputs, exitCode } = deps.secrets.redactorOf(runId).json(ended);
    const final = status !== "failed" || request.last || ended.gaveUp === true;
    let endedAt: number | null = null;
    if (final) {
      const durationMs = Math.round(performance.now() - startedAt);
      endedAt = await deps.events.append(runId, {
        key: `step.finished:${stepId}`,
        event: { type: "step.finished", stepId, status, exitCode, durationMs, outputs, failure },
      });
    }
    return { kind: "ended", status, failure, outputs, execs, final, endedAt };
  };
  try {
    if (!release) return await finish(abortedEnd(host), request.execsBefore);
    const begun = await whenConnected(() =>
      beginStep(deps.sql, {
        runId,
        stepId,
        workerId: deps.workerId,
        events: [
          // The run says so itself as well, but does not wait for it: whoever is first stores it.
          runStarted(deps.workerId, deps.prices),
          {
            key: `step.started:${stepId}:${attempt}${request.approved.map((one) => `:${one.approvalId}`).join("")}`,
            event: { type: "step.started", stepId, attempt },
          },
        ],
      }),
    );
    if (begun.finished || begun.cancelRequested) host.abort("canceled");
    if (host.signal.aborted) return await finish(abortedEnd(host), begun.execs);
    // Before anything is said that could hold one.
    const loaded = await deps.secrets.load(run, plan);
    const log = deps.events.openLog({ runId, stepId, execution: String(begun.execs) });
    const interrupted = begun.execs > request.execsBefore + 1;
    // What is not a command is made to be repeated: its effects have ids.
    if (interrupted && step.type === "command" && step.onInterrupt === "fail") {
      log.write("note", "The worker died while this step ran, and on_interrupt is fail.\n");
      await log.close();
      const failure: Failure = {
        code: "interrupted",
        message: "The worker died while this step ran; what it had done by then is unknown.",
      };
      return await finish({ status: "failed", failure, outputs: {}, exitCode: null }, begun.execs);
    }
    if (interrupted)
      log.write("note", "The worker died while this step ran; it is run again from its beginning.\n");
    const context = makeContext(deps, {
      request,
      run,
      plan,
      step,
      event,
      host,
      log,
      loaded,
      rows: begun.steps,
      prices: begun.prices ?? freeOfCharge,
      execution: String(begun.execs),
    });
    const worked = await work(step, context, host);
    const result = request.last ? worked : await repaired(deps.repair, { context, host, worked });
    crashPoint("after-command-before-event");
    await log.close();
    if ("action" in result) {
      const { status: _status, ...question } = deps.secrets.redactorOf(runId).json(result);
      return { kind: "needs_approval", ...question, execs: begun.execs };
    }
    return await finish(result, begun.execs);
  } finally {
    free();
    release?.();
  }
}

type Worked = Ended | NeedsApproval;

async function work(step: EngineStep, context: StepContext, host: RunHost): Promise<Worked> {
  try {
    const result = await stepKinds[step.type](context);
    if (host.signal.aborted) return abortedEnd(host);
    if (result.status === "needs_approval") return result;
    const exitCode = result.exitCode ?? null;
    if (result.status === "succeeded")
      return { status: "succeeded", failure: null, outputs: result.outputs, exitCode };
    return {
      status: "failed",
      failure: withMessage(step, result.failure),
      outputs: result.outputs ?? {},
      exitCode,
    };
  } catch (error) {
    if (host.signal.aborted) return abortedEnd(host);
    if (isFenced(error)) throw error;
    const frozen = freezeRefusal(error);
    if (frozen) {
      await context.denied(frozen.rule, frozen.message);
      const failure: Failure = { code: "policy_denied", message: frozen.message };
      return { status: "failed", failure, outputs: {}, exitCode: null };
    }
    const failure = failureOf(error);
    context.log("note", `${failure.message}\n`);
    return { status: "failed", failure: withMessage(step, failure), outputs: {}, exitCode: null };
  }
}

/** After a failure that an agent is to repair: as it was when the step may be tried again, or else how it ends. */
async function repaired(
  repair: Repair,
  attempt: { context: StepContext; host: RunHost; worked: Worked },
): Promise<Worked> {
  const { context, host, worked } = attempt;
  const { onFailure } = context.step;
  if (onFailure.type !== "agent_retry" || "action" in worked || worked.status !== "failed" || !worked.failure)
    return worked;
  const { outputs, failure } = worked;
  const result = await repair({ context, role: onFailure.role, failure, outputs });
  if (host.signal.aborted) return abortedEnd(host);
  if (result.kind === "repaired") return worked;
  context.log("note", `${result.failure.message}\n`);
  return { ...worked, failure: result.failure, gaveUp: true };
}

function withMessage(step: EngineStep, failure: Failure): Failure {
  const said = step.onFailure.type === "fail_fast" ? step.onFailure.message : undefined;
  return said === undefined ? failure : { ...failure, message: `${said} (${failure.message})` };
}

function failureOf(error: unknown): Failure {
  if (error instanceof WorkspaceLost) return { code: "interrupted", message: error.message };
  const coder = toCoderError(error);
  if (/\bENOSPC\b|No space left on device/i.test(coder.message)) {
    const message = `The disk of the worker is full: free some space, then run it again. (${coder.message})`;
    return { code: coder.message.startsWith("git ") ? "checkout_failed" : "sandbox_unavailable", message };
  }
  if (coder.code === "bad_input") return { code: "expression", message: coder.message };
  if (coder.code !== "unavailable") return { code: "internal", message: coder.message };
  return {
    code: coder.message.startsWith("git ")
      ? "checkout_failed"
      : coder.message.includes("sandbox")
        ? "sandbox_unavailable"
        : "internal",
    message: coder.message,
  };
}

/** How a step ends whose run is stopped; on a worker that leaves it does not end. */
function abortedEnd(host: RunHost): Ended {
  if (host.abortReason === "handover") throw new RunAborted("handover");
  const failure: Failure =
    host.abortReason === "budget_wall_clock"
      ? { code: "budget_wall_clock", message: "The run's time was up." }
      : { code: "canceled", message: "The run was canceled." };
  return { status: "canceled", failure, outputs: {}, exitCode: null };
}

interface ContextParts {
  request: StepRequest;
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
  execution: string;
}

function makeContext(deps: ExecuteDeps, parts: ContextParts): StepContext {
  const { request, run, plan, step, host, log, loaded, execution } = parts;
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
    approved: request.approved,
    log: (text: string) => log.write("note", text),
  };
  const reserveDeps = {
    ...decideDeps,
    workerId: deps.workerId,
    attempt: request.attempt,
    isHandingOver: () => host.abortReason === "handover",
  };
  return {
    run,
    step,
    attempt: request.attempt,
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
    approved: request.approved,
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

type ArtifactOwner = { run: Pick<RunInfo, "id" | "orgId">; stepId: string | null };

/** Puts an artifact's bytes into storage, then stores its event. The same kind and name of a step is the same artifact. */
async function storeArtifact(
  deps: Pick<ExecuteDeps, "events" | "store" | "secrets">,
  owner: ArtifactOwner,
  artifact: NewArtifact,
): Promise<Artifact> {
  const created = await putArtifact(deps, owner, artifact);
  await deps.events.append(owner.run.id, created);
  return created.event.artifact;
}

/** Puts an artifact's bytes into storage; the event that says so is still to be stored. */
export async function putArtifact(
  deps: Pick<ExecuteDeps, "store" | "secrets">,
  owner: ArtifactOwner,
  artifact: NewArtifact,
): Promise<{ key: string; event: Extract<RunEvent, { type: "artifact.created" }> }> {
  const id = idempotencyId(
    owner.run.id,
    owner.stepId ?? "",
    "artifact",
    artifact.kind,
    artifact.name,
    ...(artifact.version === undefined ? [] : [artifact.version]),
  );
  const redactor = deps.secrets.redactorOf(owner.run.id);
  const data = redactor.json(artifact.data ?? {});
  const content = artifact.bytes && withoutSecrets(artifact.bytes, artifact, redactor);
  const bytes = content ?? Buffer.from(JSON.stringify(data));
  if (content) {
    await deps.store.put({
      bucket: "artifacts",
      name: `${owner.run.orgId}/${owner.run.id}/${id}`,
      bytes: content,
      contentType: artifact.contentType ?? "application/octet-stream",
    });
  }
  const stored: Artifact = {
    id,
    kind: artifact.kind,
    name: artifact.name,
    stepId: owner.stepId,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    size: content?.byteLength ?? 0,
    data,
    madeFrom: artifact.madeFrom ?? [],
  };
  return { key: `artifact:${id}`, event: { type: "artifact.created", artifact: stored } };
}

/**
 * The bytes as they may be kept: text without its secrets. Bytes of other kinds are refused whole, but for the log bundle,
 * which is compressed from what was redacted before.
 */
function withoutSecrets(bytes: Uint8Array, artifact: NewArtifact, redactor: Redactor): Uint8Array {
  if (artifact.kind === "log_bundle" || !redactor.isIn(bytes)) return bytes;
  if (artifact.contentType?.startsWith("text/"))
    return Buffer.from(redactor.text(Buffer.from(bytes).toString("utf8")));
  throw new CoderError(
    "forbidden",
    `The artifact ${artifact.name} holds a secret of the run; it is not kept.`,
  );
}
