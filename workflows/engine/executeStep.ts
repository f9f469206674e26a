import { freeOfCharge, type Prices } from "../../shared/billing/credits.ts";
import { CoderError } from "../../shared/errors.ts";
import type { Failure } from "../../shared/run/events.ts";
import type { Value } from "../../shared/workflow/expressions.ts";
import { stepKinds } from "../steps/stepKinds.ts";
import type { Approved, EngineStep, StepContext, StepResult } from "../steps/step.ts";
import { crashPoint } from "./crashPoint.ts";
import { isFenced, whenConnected } from "./database.ts";
import { freezeRefusal } from "./decideAndRecord.ts";
import type { LoadedRun } from "./loadedRun.ts";
import { makeStepContext, type StepContextDeps } from "./makeStepContext.ts";
import type { Repair } from "./repair.ts";
import { RunAborted, type RunHost, type RunHosts } from "./runHost.ts";
import { isLight } from "./runState.ts";
import { runStarted } from "./runStarted.ts";
import type { Slots } from "./slots.ts";
import { beginStep } from "./sql/beginStep.ts";
import { failureOf, withMessage } from "./stepFailure.ts";

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

export interface ExecuteDeps extends StepContextDeps {
  hosts: RunHosts;
  slots: Slots;
  repair: Repair;
  /** What runs that begin here pay. */
  prices: Prices;
  /** A step of the run pauses between two attempts, until the returned function is called. */
  pausing(runId: string): () => void;
  load(runId: string): Promise<Pick<LoadedRun, "run" | "plan" | "event">>;
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
    const context = makeStepContext(deps, {
      attempt,
      approved: request.approved,
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

/** How a step ends whose run is stopped; on a worker that leaves it does not end. */
function abortedEnd(host: RunHost): Ended {
  if (host.abortReason === "handover") throw new RunAborted("handover");
  const failure: Failure =
    host.abortReason === "budget_wall_clock"
      ? { code: "budget_wall_clock", message: "The run's time was up." }
      : { code: "canceled", message: "The run was canceled." };
  return { status: "canceled", failure, outputs: {}, exitCode: null };
}
