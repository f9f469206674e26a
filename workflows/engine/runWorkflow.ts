import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Prices } from "../../shared/billing/credits.ts";
import { toCoderError } from "../../shared/errors.ts";
import type { Failure } from "../../shared/run/events.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import { evaluateCondition, type ExpressionContext, type Value } from "../../shared/workflow/expressions.ts";
import type { EngineStep, RunInfo } from "../steps/step.ts";
import { crashPoint } from "./crashPoint.ts";
import type { StepOutcome, StepRequest } from "./executeStep.ts";
import { conclusion, type Conclusion } from "./conclusion.ts";
import type { Sql } from "./database.ts";
import type { RunEvents } from "./events.ts";
import { makeApprovals, type Approvals, type Asked, type Wanted } from "./approvals.ts";
import type { LoadedRun } from "./loadedRun.ts";
import type { RunPlan } from "./planRun.ts";
import { RunClock } from "./runClock.ts";
import { messagePollMs, type RunMessage } from "./runMessage.ts";
import { RunRecord } from "./runRecord.ts";
import {
  initialState,
  isEnded,
  isLight,
  leavesFiles,
  namesFiles,
  mayFail,
  readiness,
  type RunState,
  type StepState,
} from "./runState.ts";
import type { KeyedEvent } from "./sql/appendRunEvents.ts";
import { attemptsOf, stepWorkflowId, stopTopic, type RunStop, type StepArguments } from "./runStep.ts";

export interface RunWorkflowDeps {
  sql: Sql;
  workerId: string;
  /** What runs that begin here pay. */
  prices: Prices;
  events: RunEvents;
  load(runId: string): Promise<LoadedRun | undefined>;
  runStep: (step: StepArguments) => Promise<void>;
  /** One attempt at a step as part of the run's own workflow. */
  attempt(request: StepRequest): Promise<StepOutcome>;
  /** Kills what runs of a run, on whichever worker it is. */
  abort(runId: string, reason: RunStop): Promise<void>;
  /** Whether this machine has the files that the steps of the run before have left; they are this run's from then on. */
  takeOverFiles(run: RunInfo, from: string): Promise<boolean>;
  /** Steps of the run work here. */
  working(run: RunInfo): void;
  /**
   * The run waits for people: it leaves this worker until it is told something, or until `wakeAt` (milliseconds since the
   * epoch, by the database's clock). False when it has to go on at once.
   */
  park(loaded: LoadedRun, wakeAt: number): Promise<boolean>;
  /**
   * Stores the log bundle and removes what the run owns, on every worker. Returns the events that say what it has stored.
   * @param options `keepFiles`: another run may go on from what its steps have left.
   */
  finish(loaded: LoadedRun, options: { keepFiles: boolean }): Promise<KeyedEvent[]>;
}

type Stop = { status: "canceled" | "failed"; failure: Failure };
/** How long steps may take to report their end once they have been told to stop. */
const stopGraceMs = 15_000;

/**
 * The parent workflow of a run. Everything it decides on comes from the run's snapshot and from journaled calls, in the
 * order of the plan and of the messages, so that a replay on another worker decides the same. Events it stores have
 * keys and are harmless to repeat.
 */
export function makeRunWorkflow(deps: RunWorkflowDeps): (runId: string) => Promise<string> {
  return async (runId) => {
    crashPoint("before-enqueue-ack");
    const loaded = await deps.load(runId).catch((error: unknown) => toCoderError(error));
    if (loaded === undefined) return "deleted";
    if (loaded instanceof Error) {
      const failure: Failure = { code: "internal", message: loaded.message };
      await deps.events.append(runId, {
        key: "run.finished",
        event: { type: "run.finished", status: "failed", failure, outputs: {} },
      });
      return "failed";
    }
    // Canceled before it began.
    if (isFinal(loaded.status)) return loaded.status;
    return new Run(deps, loaded).drive();
  };
}

/** When a step ended, if the message says that: asking for the time is a query and a journaled call. */
function endOf(message: RunMessage | null): number | null {
  return message?.type === "done" && message.outcome.kind === "ended" ? message.outcome.endedAt : null;
}

class Run {
  readonly #deps: RunWorkflowDeps;
  readonly #run: RunInfo;
  readonly #plan: RunPlan;
  readonly #event: Record<string, Value>;
  readonly #loaded: LoadedRun;
  readonly #state: RunState;
  readonly #approvals: Approvals;
  readonly #record: RunRecord;
  readonly #clock: RunClock;
  /** How often each step has been started, and how often it has begun. */
  readonly #rounds = new Map<string, { round: number; execs: number }>();
  /** What has been approved of each step, until what would happen changes. */
  readonly #approved = new Map<string, Asked[]>();
  /** Messages that a replay is still to receive from the journal. */
  #toReplay: number;
  #stop: Stop | undefined;
  #stopAt = Infinity;
  /** A step of ours was told that the run is stopped; the message that says so comes next. */
  #interrupted = false;

  constructor(deps: RunWorkflowDeps, loaded: LoadedRun) {
    this.#loaded = loaded;
    this.#toReplay = loaded.received;
    this.#deps = deps;
    this.#run = loaded.run;
    this.#plan = loaded.plan;
    this.#event = loaded.event;
    this.#state = initialState(loaded.plan.steps);
    this.#record = new RunRecord(deps, loaded);
    this.#clock = new RunClock(deps.sql);
    this.#approvals = makeApprovals({ ...deps, run: loaded.run, gates: loaded.plan.policies.gates });
  }

  async drive(): Promise<string> {
    const budgetMs = this.#plan.policies.budget.max_wall_clock_sec * 1000;
    if (this.#loaded.status !== "queued") void this.#record.begun();
    await this.#takeOver();
    // The first steps before the first look at the clock: a journaled call costs a few milliseconds.
    await this.#startReady();
    await this.#record.begun();
    for (;;) {
      const working = this.#count("running") > 0;
      const isOver = this.#stop !== undefined || this.#count("waiting", "pending") === 0;
      if (!working && !this.#interrupted && isOver) break;
      const now = await this.#clock.seen();
      // Waiting for people is not working time: a budget of an hour and an approval over the weekend go together.
      const deadline = Math.min(
        working ? now + budgetMs - this.#clock.activeMs : Infinity,
        this.#approvals.nextExpiry(),
        this.#stopAt,
      );
      if (working) this.#deps.working(this.#run);
      const left = Math.max(0.001, (deadline - now) / 1000);
      const timeoutSeconds = this.#interrupted ? 5 : working ? left : await this.#park(deadline);
      const message = await DBOS.recv<RunMessage>("ev", { timeoutSeconds, pollingIntervalMs: messagePollMs });
      this.#toReplay -= 1;
      this.#clock.advance(endOf(message) ?? (await this.#clock.read()), working);
      if (await this.#handle(message, working)) break;
    }
    return this.#finish();
  }

  /** Acts on what came, or on the time that has passed without anything. Answers whether nothing more is waited for. */
  async #handle(message: RunMessage | null, working: boolean): Promise<boolean> {
    const now = await this.#clock.seen();
    if (this.#interrupted) {
      this.#interrupted = false;
      if (message?.type !== "cancel") await this.#stopRun("canceled", now);
    }
    if (message) await this.#receive(message, now);
    if (working && this.#clock.activeMs >= this.#plan.policies.budget.max_wall_clock_sec * 1000)
      await this.#stopRun("budget_wall_clock", now);
    if (now >= this.#stopAt) return true;
    await this.#expire(now);
    await this.#startReady();
    return false;
  }

  /**
   * Waits for people, in nobody's memory: this execution ends here, and the next one replays what is journaled and goes
   * on. Returns, with how long there is still to wait, where the journal or the database has what happened.
   */
  async #park(wakeAt: number): Promise<0> {
    if (this.#toReplay <= 0 && (await this.#deps.park(this.#loaded, wakeAt)))
      return new Promise<never>(() => undefined);
    return 0;
  }

  /**
   * Takes over what an earlier run has done. Files that its commands left are on the machine that ran them: where they
   * are not, those commands are run again, and the rest is taken over all the same.
   */
  async #takeOver(): Promise<void> {
    const { rerunOf, seed } = this.#loaded;
    const seeded = this.#plan.steps.filter((step) => seed[step.id] !== undefined);
    if (seeded.length === 0) return;
    const filesNeeded = rerunOf !== null && seeded.some(leavesFiles);
    const filesHere =
      !filesNeeded ||
      (await DBOS.runStep(() => this.#deps.takeOverFiles(this.#run, rerunOf), { name: "take over files" }));
    for (const step of seeded) {
      const earlier = seed[step.id];
      if (!earlier) continue;
      if (!filesHere && leavesFiles(step) && !namesFiles(step)) {
        const text = `Run again: the files that it left in run #${earlier.from.number} are not on this machine any more.\n`;
        await this.#record.note(step, text);
        continue;
      }
      const end = { status: "succeeded" as const, outputs: earlier.outputs, failure: null };
      this.#ended(step, end);
      await this.#record.note(step, `Taken over from run #${earlier.from.number}.\n`);
      await this.#record.stepEnded(step, { ...end, reusedFrom: earlier.from });
    }
  }

  #count(...statuses: StepState["status"][]): number {
    return [...this.#state.values()].filter((one) => statuses.includes(one.status)).length;
  }

  /** Starts, skips and asks until nothing more can be done; ending one step may free others. */
  async #startReady(): Promise<void> {
    for (let changed = true; changed && this.#stop === undefined;) {
      changed = false;
      for (const step of this.#plan.steps) {
        if (this.#interrupted) return;
        if (this.#at(step.id).status !== "pending") continue;
        const ready = readiness(step, this.#state);
        if (ready.kind === "wait") continue;
        if (ready.kind === "skip") await this.#skip(step, `Skipped: ${ready.why}.`);
        else await this.#startOne(step);
        changed = true;
      }
    }
  }

  #at(stepId: string): StepState {
    const state = this.#state.get(stepId);
    if (!state) throw new Error(`Run ${this.#run.id} has no step ${stepId}`);
    return state;
  }

  async #startOne(step: EngineStep): Promise<void> {
    if (step.if !== null) {
      try {
        if (!evaluateCondition(step.if, this.#expressions()))
          return await this.#skip(step, "Skipped: its `if` is false.");
      } catch (error) {
        return this.#fail(step, { code: "expression", message: toCoderError(error).message });
      }
    }
    if (step.spec.type === "approve") {
      if (this.#run.dryRun) return this.#skip(step, "Dry run: nobody is asked.");
      await this.#record.begun();
      await this.#approvals.askForStep(step, { reason: step.spec.reason, round: 1 });
      this.#at(step.id).status = "waiting";
      return;
    }
    await this.#startStep(step);
  }

  /** Whether nothing of the run could go on beside the step, now or while it works. */
  #isAlone(step: EngineStep): boolean {
    return this.#plan.steps.every((other) => {
      if (other.id === step.id) return true;
      const { status } = this.#at(other.id);
      if (status === "running" || status === "waiting") return false;
      return status !== "pending" || readiness(other, this.#state).kind === "wait";
    });
  }

  /** Does a step here, in one journaled call instead of a workflow of its own with its message. */
  async #doHere(step: EngineStep, round: number, request: StepRequest): Promise<void> {
    this.#record.leaveBeginningToStep();
    const outcome = await DBOS.runStep(() => this.#deps.attempt(request), { name: `step ${step.id}` });
    const { endedAt } = outcome.kind === "ended" ? outcome : { endedAt: null };
    if (endedAt === null) this.#record.beginningNotSaid();
    else this.#clock.advance(endedAt, true);
    this.#interrupted = outcome.kind === "ended" && outcome.status === "canceled";
    await this.#concluded(step, outcome, round);
  }

  async #startStep(step: EngineStep): Promise<void> {
    const earlier = this.#rounds.get(step.id) ?? { round: 0, execs: 0 };
    const round = earlier.round + 1;
    this.#rounds.set(step.id, { round, execs: earlier.execs });
    this.#at(step.id).status = "running";
    const child: StepArguments = {
      runId: this.#run.id,
      stepId: step.id,
      round,
      execsBefore: earlier.execs,
      approved: (this.#approved.get(step.id) ?? []).map(({ id, action, contentHash }) => ({
        approvalId: id,
        action: action ?? "",
        contentHash,
      })),
    };
    const isOneAttempt = attemptsOf(step.onFailure).attempts === 1;
    if (this.#plan.inline && isLight(step) && isOneAttempt && this.#isAlone(step))
      return this.#doHere(step, round, { ...child, attempt: 1, last: true, stopped: null });
    void this.#record.begun();
    await DBOS.startWorkflow(this.#deps.runStep, { workflowID: stepWorkflowId(child) })(child);
  }

  async #receive(message: RunMessage, now: number): Promise<void> {
    if (message.type === "cancel") return this.#stopRun("canceled", now, message.reason ?? undefined);
    if (message.type === "approval") return this.#decided(message.approvalId, message.decision);
    const step = this.#plan.steps.find((one) => one.id === message.stepId);
    if (!step || this.#at(step.id).status !== "running" || this.#rounds.get(step.id)?.round !== message.round)
      return;
    await this.#concluded(step, message.outcome, message.round);
  }

  async #concluded(step: EngineStep, outcome: StepOutcome, round: number): Promise<void> {
    this.#rounds.set(step.id, { round, execs: outcome.execs });
    if (outcome.kind === "ended") return this.#ended(step, outcome);
    this.#at(step.id).status = "waiting";
    // Asked for in the moment the run was stopped: it stays unasked.
    if (this.#stop === undefined) await this.#askForAction(step, { ...outcome, round });
  }

  /** What was approved of this action before and is not what would happen now is void; the new question says so. */
  async #askForAction(step: EngineStep, wanted: Wanted): Promise<void> {
    const approved = this.#approved.get(step.id) ?? [];
    const replaced = approved.find((one) => one.action === wanted.action);
    this.#approved.set(
      step.id,
      approved.filter((one) => one !== replaced),
    );
    await this.#approvals.askForAction(step, replaced ? { ...wanted, replaced } : wanted);
  }

  #ended(
    step: EngineStep,
    end: Pick<StepState, "outputs" | "failure"> & { status: "succeeded" | "failed" | "canceled" },
  ): void {
    const blocking = end.status === "failed" && !mayFail(step);
    this.#state.set(step.id, { status: end.status, outputs: end.outputs, failure: end.failure, blocking });
  }

  async #decided(approvalId: string, decision: "approved" | "rejected" | "expired" | "void"): Promise<void> {
    const asked = this.#approvals.take(approvalId);
    if (!asked || this.#stop !== undefined) return;
    const { step } = asked;
    if (decision === "rejected")
      return this.#fail(step, { code: "rejected", message: "The approval was rejected." });
    if (decision !== "approved")
      return this.#fail(step, { code: "expired", message: "Nobody decided in time." });
    if (asked.action !== null) {
      this.#approved.set(step.id, [...(this.#approved.get(step.id) ?? []), asked]);
      return this.#startStep(step);
    }
    if (await this.#approvals.askAgainIfChanged(asked)) return;
    const outputs = { approved: true, approvalId };
    this.#ended(step, { status: "succeeded", outputs, failure: null });
    await this.#record.stepEnded(step, { status: "succeeded", outputs, failure: null });
  }

  async #expire(now: number): Promise<void> {
    if (this.#stop !== undefined) return;
    for (const approvalId of this.#approvals.expiredAt(now)) {
      await this.#decided(approvalId, await this.#approvals.expire(approvalId));
    }
  }

  async #skip(step: EngineStep, note: string): Promise<void> {
    this.#at(step.id).status = "skipped";
    await this.#record.note(step, `${note}\n`);
    await this.#record.stepEnded(step, { status: "skipped", outputs: {}, failure: null });
  }

  async #fail(step: EngineStep, failure: Failure): Promise<void> {
    this.#ended(step, { status: "failed", outputs: {}, failure });
    await this.#record.stepEnded(step, { status: "failed", outputs: {}, failure });
  }

  async #stopRun(reason: RunStop, now: number, why = "The run was canceled."): Promise<void> {
    if (this.#stop !== undefined) return;
    const seconds = this.#plan.policies.budget.max_wall_clock_sec;
    this.#stop =
      reason === "canceled"
        ? { status: "canceled", failure: { code: "canceled", message: why } }
        : {
            status: "failed",
            failure: {
              code: "budget_wall_clock",
              message: `The run took longer than its budget of ${seconds} s (max_wall_clock_sec).`,
            },
          };
    this.#stopAt = now + stopGraceMs;
    await this.#deps.abort(this.#run.id, reason);
    // A step in the pause between two attempts has nothing that could be aborted.
    for (const step of this.#plan.steps) {
      const round = this.#rounds.get(step.id)?.round;
      if (round === undefined || this.#at(step.id).status !== "running") continue;
      if (attemptsOf(step.onFailure).backoffSec === 0) continue;
      await DBOS.send(stepWorkflowId({ runId: this.#run.id, stepId: step.id, round }), reason, stopTopic);
    }
  }

  #expressions(): ExpressionContext {
    const { id, number, commit, trigger, attempt, inputs } = this.#run;
    const ended = [...this.#state].filter(([, one]) => isEnded(one));
    return {
      inputs,
      event: this.#event,
      project: this.#plan.project,
      run: { id, number, commit, trigger, attempt },
      steps: Object.fromEntries(ended.map(([stepId, { status, outputs }]) => [stepId, { status, outputs }])),
    };
  }

  async #finish(): Promise<string> {
    const end = this.#stop ? { ...this.#stop, outputs: {} } : this.#conclusion();
    const leftFiles = this.#plan.steps.some(
      (step) => leavesFiles(step) && this.#at(step.id).status === "succeeded",
    );
    const keepFiles = end.status !== "succeeded" && leftFiles;
    const stored = await this.#deps.finish(this.#loaded, { keepFiles });
    crashPoint("before-finish");
    await this.#deps.events.append(this.#run.id, ...stored, {
      key: "run.finished",
      event: { type: "run.finished", ...end },
    });
    return end.status;
  }

  #conclusion(): Conclusion {
    const { dryRun } = this.#run;
    return conclusion(this.#plan, { state: this.#state, expressions: this.#expressions(), dryRun });
  }
}
