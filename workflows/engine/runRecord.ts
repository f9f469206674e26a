import type { Prices } from "../../shared/billing/credits.ts";
import type { Failure } from "../../shared/run/events.ts";
import type { Value } from "../../shared/workflow/expressions.ts";
import type { EngineStep } from "../steps/step.ts";
import type { RunEvents } from "./events.ts";
import type { LoadedRun } from "./loadedRun.ts";
import { runStarted } from "./runStarted.ts";
import type { KeyedEvent } from "./sql/appendRunEvents.ts";

/** How a step ended that no sandbox did: skipped, taken over, decided by people, or not begun. */
export interface StepEnd {
  status: "succeeded" | "failed" | "skipped";
  outputs: Record<string, Value>;
  failure: Failure | null;
  reusedFrom?: { runId: string; number: number };
}

/** What the parent workflow of a run says of it. That the run has begun, or goes on here, is said before all else. */
export class RunRecord {
  readonly #deps: { workerId: string; prices: Prices; events: RunEvents };
  readonly #loaded: LoadedRun;
  #begun: Promise<void> | undefined;

  constructor(deps: { workerId: string; prices: Prices; events: RunEvents }, loaded: LoadedRun) {
    this.#deps = deps;
    this.#loaded = loaded;
  }

  /** Resolves when the run's beginning, or going on here, is said. */
  begun(): Promise<void> {
    return (this.#begun ??= this.#sayBegun());
  }

  /** The step that is done next says itself that the run has started. */
  leaveBeginningToStep(): void {
    if (this.#loaded.status === "queued") this.#begun ??= Promise.resolve();
  }

  /** That step ended before it came to say it. */
  beginningNotSaid(): void {
    this.#begun = undefined;
  }

  async note(step: EngineStep, text: string): Promise<void> {
    await this.begun();
    const chunks = [{ stream: "note" as const, text, at: Date.now() }];
    await this.#append({
      key: `note:${step.id}`,
      event: { type: "step.log", stepId: step.id, chunks },
    });
  }

  async stepEnded(step: EngineStep, end: StepEnd): Promise<void> {
    await this.begun();
    await this.#append({
      key: `step.finished:${step.id}`,
      event: { type: "step.finished", stepId: step.id, exitCode: null, durationMs: 0, ...end },
    });
  }

  #append(...events: KeyedEvent[]): Promise<number> {
    return this.#deps.events.append(this.#loaded.run.id, ...events);
  }

  #sayBegun(): Promise<void> {
    const { workerId, prices } = this.#deps;
    // It was parked, and no worker had it.
    if (this.#loaded.status !== "queued" && this.#loaded.takenBy === workerId) return Promise.resolve();
    const started = runStarted(workerId, prices);
    const reason = "The worker that had it stopped; another one goes on.";
    const resumed: KeyedEvent = {
      key: `run.resumed:${workerId}`,
      event: { type: "run.resumed", workerId, reason },
    };
    const said = this.#append(...(this.#loaded.status === "queued" ? [started] : [started, resumed])).then(
      () => undefined,
    );
    // Whoever needs it said awaits it; until then its failure is nobody's.
    said.catch(() => undefined);
    return said;
  }
}
