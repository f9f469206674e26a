import type {
  Artifact,
  Failure,
  PlannedStep,
  RunEvent,
  RunStatus,
  StepStatus,
  StoredRunEvent,
} from "./events.ts";
import { appendLog, emptyLog } from "./stepLog.ts";
import type { StepLog } from "./stepLog.ts";
import { beginSpan, endSpan, type StepSpan } from "./stepSpans.ts";
import { isFinal } from "./transitions.ts";

type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;
type Json = EventOf<"run.queued">["inputs"][string];

/** An approval that a step waits for, or has waited for. */
export interface ApprovalView {
  approvalId: string;
  stepId: string;
  reason: string;
  /** Name of the gated action, or null for an `approve` step. */
  action: string | null;
  contentHash: string;
  subject: Record<string, Json>;
  /** Milliseconds since the epoch, or null when it does not expire. */
  expiresAt: number | null;
  /** The clause of the file that asks; null for an `approve` step. */
  rule: string | null;
  /** What the approval that this one replaces was for, or null. */
  subjectBefore: Record<string, Json> | null;
  decision: "approved" | "rejected" | "expired" | "void" | null;
  decidedBy: string | null;
  comment: string | null;
}

export interface StepView extends PlannedStep {
  status: StepStatus;
  /** 0 before the first start. */
  attempt: number;
  /** Milliseconds since the epoch of the last attempt's start. */
  startedAt: number | null;
  finishedAt: number | null;
  durationMs: number | null;
  exitCode: number | null;
  failure: Failure | null;
  outputs: Record<string, Json>;
  /** What it has cost so far, all attempts together. */
  millicredits: number;
  /** The earlier run whose work this is, or null. */
  reusedFrom: { runId: string; number: number } | null;
  /** The approval that is open now, or null. */
  waitingFor: ApprovalView | null;
  /** What it did when, in order. */
  spans: readonly StepSpan[];
  log: StepLog;
}

export interface Denial {
  stepId: string | null;
  rule: string;
  message: string;
  at: number;
}

/** An effect that policy let through, and by which clause. */
export interface Permission {
  stepId: string;
  action: string;
  rule: string;
  at: number;
}

/** Everything a run's page shows, folded from its events. Instants are milliseconds since the epoch. */
export interface RunView {
  runId: string;
  /** Highest event folded in; events are numbered from 1 without gaps. */
  lastSeq: number;
  workflowPath: string;
  name: string;
  commit: string;
  ref: string;
  trigger: string;
  inputs: Record<string, Json>;
  status: RunStatus;
  queuedAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  workerId: string | null;
  /** How often a worker took the run over from a dead one. */
  resumes: number;
  /** The concurrency group that the run waits for, with the numbers of the runs in it; null when it need not wait. */
  heldBy: { group: string; max: number; holders: readonly number[] } | null;
  cancelRequested: boolean;
  canceledBy: string | null;
  /** Why it was canceled, when nobody asked for it by hand. */
  cancelReason: string | null;
  failure: Failure | null;
  outputs: Record<string, Json>;
  /** What it has cost so far. */
  millicredits: number;
  /** In the order of the plan. */
  steps: readonly StepView[];
  artifacts: readonly Artifact[];
  approvals: readonly ApprovalView[];
  denials: readonly Denial[];
  permissions: readonly Permission[];
}

/** The view of a run of which no event is known yet. */
export function emptyRunView(runId: string): RunView {
  return {
    runId,
    lastSeq: 0,
    workflowPath: "",
    name: "",
    commit: "",
    ref: "",
    trigger: "",
    inputs: {},
    status: "queued",
    queuedAt: null,
    startedAt: null,
    finishedAt: null,
    workerId: null,
    resumes: 0,
    heldBy: null,
    cancelRequested: false,
    canceledBy: null,
    cancelReason: null,
    failure: null,
    outputs: {},
    millicredits: 0,
    steps: [],
    artifacts: [],
    approvals: [],
    denials: [],
    permissions: [],
  };
}

/** The number that the next event must carry; ask the server for events after `view.lastSeq` to get it. */
export function nextSeq(view: RunView): number {
  return view.lastSeq + 1;
}

/** True when events between the view and this one are missing, so that the caller must fetch before folding. */
export function hasGap(view: RunView, stored: StoredRunEvent): boolean {
  return stored.runId === view.runId && stored.seq > nextSeq(view);
}

/**
 * Folds one event into a view; pure, and shares all that has not changed.
 * An event that the view already holds, that leaves a gap, or that belongs to another run changes nothing
 * (the same object comes back): folding past a gap would hide the loss, see `hasGap`.
 */
export function reduceRun(view: RunView, stored: StoredRunEvent): RunView {
  if (stored.runId !== view.runId || stored.seq !== nextSeq(view)) return view;
  const at = Date.parse(stored.at);
  return { ...fold(view, stored.event, at), lastSeq: stored.seq };
}

/**
 * Folds an ended run's events of which those of its log are left out: there the gaps in the numbers are no loss.
 * The steps' logs stay empty.
 */
export function reduceOutline(runId: string, events: readonly StoredRunEvent[]): RunView {
  return events.reduce(
    (view, stored) => ({ ...fold(view, stored.event, Date.parse(stored.at)), lastSeq: stored.seq }),
    emptyRunView(runId),
  );
}

/** Folds events in any order, with duplicates; those beyond the first gap are left out. */
export function reduceRunEvents(view: RunView, events: readonly StoredRunEvent[]): RunView {
  return [...events].sort((a, b) => a.seq - b.seq).reduce(reduceRun, view);
}

/** The step of that id, or undefined. */
export function stepOf(view: RunView, stepId: string): StepView | undefined {
  return view.steps.find((step) => step.id === stepId);
}

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function fold(view: RunView, event: RunEvent, at: number): RunView {
  switch (event.type) {
    case "run.queued":
      return foldQueued(view, event, at);
    case "run.held":
      return { ...view, heldBy: { group: event.group, max: event.max, holders: event.holders } };
    case "run.released":
      return { ...view, heldBy: null };
    case "run.started":
      return { ...view, status: "running", startedAt: view.startedAt ?? at, workerId: event.workerId };
    case "run.resumed":
      return {
        ...view,
        status: openStatus(view, view.steps),
        workerId: event.workerId,
        resumes: view.resumes + 1,
      };
    case "step.started":
      return withStep(view, event.stepId, (step) => startStep(step, event.attempt, at));
    case "step.log":
      return withStep(view, event.stepId, (step) => ({ ...step, log: appendLog(step.log, event.chunks) }));
    case "step.waiting":
      return foldWaiting(view, event, at);
    case "approval.decided":
      return foldDecision(view, event, at);
    case "artifact.created":
      return { ...view, artifacts: [...view.artifacts, event.artifact] };
    case "policy.allowed": {
      const { stepId, action, rule } = event;
      return { ...view, permissions: [...view.permissions, { stepId, action, rule, at }] };
    }
    case "credits.spent": {
      const { millicredits } = event;
      const paid = withStep(view, event.stepId, (step) => ({
        ...step,
        millicredits: step.millicredits + millicredits,
      }));
      return { ...paid, millicredits: paid.millicredits + millicredits };
    }
    // Told by the step's log and the audit log.
    case "secret.used":
      return view;
    case "policy.denied":
      return {
        ...view,
        denials: [...view.denials, { stepId: event.stepId, rule: event.rule, message: event.message, at }],
      };
    case "step.finished":
      return withStep(view, event.stepId, (step) => finishStep(step, event, at));
    case "cancel.requested":
      return { ...view, cancelRequested: true, canceledBy: event.by, cancelReason: event.reason ?? null };
    case "run.finished":
      return foldFinished(view, event, at);
  }
}

function foldQueued(view: RunView, event: EventOf<"run.queued">, at: number): RunView {
  const { workflowPath, name, commit, ref, trigger, inputs } = event;
  return {
    ...view,
    workflowPath,
    name,
    commit,
    ref,
    trigger,
    inputs,
    status: "queued",
    queuedAt: at,
    steps: event.steps.map(pendingStep),
  };
}

function foldFinished(view: RunView, event: EventOf<"run.finished">, at: number): RunView {
  // The writer finishes every step first; a step that a crash left open must not look alive for ever.
  const steps = view.steps.map((step) =>
    isFinal(step.status)
      ? step
      : {
          ...step,
          status: step.status === "pending" ? ("skipped" as const) : ("canceled" as const),
          waitingFor: null,
          spans: endSpan(step.spans, at),
        },
  );
  return {
    ...view,
    status: event.status,
    heldBy: null,
    finishedAt: at,
    failure: event.failure,
    outputs: event.outputs,
    steps,
  };
}

function foldWaiting(view: RunView, event: EventOf<"step.waiting">, at: number): RunView {
  const { approvalId, stepId, reason, action, contentHash, subject, expiresAt } = event;
  const approval: ApprovalView = {
    approvalId,
    stepId,
    reason,
    action,
    contentHash,
    subject,
    expiresAt,
    rule: event.rule ?? null,
    subjectBefore: event.subjectBefore ?? null,
    decision: null,
    decidedBy: null,
    comment: null,
  };
  const waiting = withStep(view, stepId, (step) => ({
    ...step,
    status: "waiting",
    waitingFor: approval,
    spans: beginSpan(step.spans, { kind: "waiting", attempt: step.attempt }, at),
  }));
  return { ...waiting, approvals: [...view.approvals, approval] };
}

function foldDecision(view: RunView, event: EventOf<"approval.decided">, at: number): RunView {
  const { decision, decidedBy, comment } = event;
  const approvals = view.approvals.map((approval) =>
    approval.approvalId === event.approvalId ? { ...approval, decision, decidedBy, comment } : approval,
  );
  const decided = withStep(view, event.stepId, (step) =>
    step.waitingFor?.approvalId === event.approvalId && step.status === "waiting"
      ? {
          ...step,
          status: "running",
          waitingFor: null,
          spans: beginSpan(step.spans, { kind: "running", attempt: step.attempt }, at),
        }
      : step,
  );
  return { ...decided, approvals };
}

function pendingStep(planned: PlannedStep): StepView {
  return {
    ...planned,
    status: "pending",
    attempt: 0,
    startedAt: null,
    finishedAt: null,
    durationMs: null,
    exitCode: null,
    failure: null,
    outputs: {},
    millicredits: 0,
    reusedFrom: null,
    waitingFor: null,
    spans: [],
    log: emptyLog,
  };
}

function startStep(step: StepView, attempt: number, at: number): StepView {
  return {
    ...step,
    status: "running",
    attempt,
    startedAt: at,
    finishedAt: null,
    durationMs: null,
    exitCode: null,
    failure: null,
    waitingFor: null,
    spans: beginSpan(step.spans, { kind: "running", attempt }, at),
  };
}

function finishStep(step: StepView, event: EventOf<"step.finished">, at: number): StepView {
  const { status, exitCode, durationMs, outputs, failure, reusedFrom = null } = event;
  return {
    ...step,
    status,
    exitCode,
    durationMs,
    outputs,
    failure,
    reusedFrom,
    finishedAt: at,
    waitingFor: null,
    spans: endSpan(step.spans, at),
  };
}

/** Replaces one step; a step that the plan did not name (a newer engine's) is added rather than lost. */
function withStep(view: RunView, stepId: string, change: (step: StepView) => StepView): RunView {
  const index = view.steps.findIndex((step) => step.id === stepId);
  const steps = [...view.steps];
  const old = steps[index] ?? pendingStep({ id: stepId, type: "unknown", name: stepId, needs: [] });
  const next = change(old);
  if (next === old) return view;
  if (index === -1) steps.push(next);
  else steps[index] = next;
  return { ...view, steps, status: openStatus(view, steps) };
}

/** A started run waits when some step waits and none runs; status is never stored twice. */
function openStatus(view: RunView, steps: readonly StepView[]): RunStatus {
  if (view.status !== "running" && view.status !== "waiting") return view.status;
  if (steps.some((step) => step.status === "running")) return "running";
  return steps.some((step) => step.status === "waiting") ? "waiting" : "running";
}
