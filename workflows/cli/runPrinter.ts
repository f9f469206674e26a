import { formatCredits } from "../../shared/billing/credits.ts";
import { creditsInWords, estimateOf, type Estimate } from "../../shared/run/estimate.ts";
import type {
  Artifact,
  Failure,
  PlannedStep,
  RunEvent,
  RunStatus,
  StepStatus,
} from "../../shared/run/events.ts";
import { plain, table, type Output } from "./output.ts";

type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;
export type Waiting = EventOf<"step.waiting">;

interface StepState {
  name: string;
  status: StepStatus;
  durationMs: number | null;
  /** What its attempts have cost, in thousandths of a credit. */
  millicredits: number;
  failure: Failure | null;
  outputs: EventOf<"step.finished">["outputs"];
}

/** How a run stands, in the shape that `--json` prints. */
export interface RunReport {
  name: string;
  workflow: string;
  status: RunStatus;
  /** What its steps have cost, in thousandths of a credit. */
  millicredits: number;
  failure: Failure | null;
  outputs: EventOf<"run.finished">["outputs"];
  steps: ({ id: string; type: string } & StepState)[];
  artifacts: Artifact[];
}

const marks: Record<StepStatus, string> = {
  pending: "○",
  running: "●",
  waiting: "◌",
  succeeded: "✓",
  failed: "✗",
  skipped: "–",
  canceled: "⊘",
};
const colours = {
  queued: "gray",
  pending: "gray",
  running: "blue",
  waiting: "yellow",
  succeeded: "green",
  failed: "red",
  skipped: "gray",
  canceled: "gray",
} as const;

export interface PrinterOptions {
  /** Only this step's lines. */
  step?: string | undefined;
  /** Nothing is printed; events are only folded. */
  silent?: boolean;
}

/** Prints a run's events as they come: each step a group of its lines, and a summary at the end. */
export class RunPrinter {
  readonly #output: Output;
  readonly #options: PrinterOptions;
  #planned: PlannedStep[] = [];
  readonly #steps = new Map<string, StepState>();
  readonly #artifacts: Artifact[] = [];
  #name = "";
  #workflow = "";
  #status: RunStatus = "queued";
  #failure: Failure | null = null;
  #outputs: RunReport["outputs"] = {};
  /** The step whose lines are being printed. */
  #open: string | undefined;
  readonly #opened = new Set<string>();
  /** Line that has not ended, per step and stream. */
  readonly #rest = new Map<string, string>();

  constructor(output: Output, options: PrinterOptions = {}) {
    this.#output = output;
    this.#options = options;
  }

  get status(): RunStatus {
    return this.#status;
  }

  get report(): RunReport {
    const steps = this.#planned.map(({ id, type }) => ({ id, type, ...this.#step(id) }));
    return {
      name: this.#name,
      workflow: this.#workflow,
      status: this.#status,
      millicredits: steps.reduce((sum, step) => sum + step.millicredits, 0),
      failure: this.#failure,
      outputs: this.#outputs,
      steps,
      artifacts: this.#artifacts,
    };
  }

  add(event: RunEvent): void {
    switch (event.type) {
      case "run.queued":
        this.#planned = event.steps;
        this.#name = plain(event.name);
        this.#workflow = plain(event.workflowPath);
        for (const step of event.steps) this.#steps.set(step.id, newStep(step.name));
        return;
      case "run.started":
        this.#status = "running";
        return;
      case "step.started":
        this.#step(event.stepId).status = "running";
        this.#status = "running";
        return this.#group(event.stepId, event.attempt > 1 ? ` (attempt ${event.attempt})` : "");
      case "step.log":
        for (const chunk of event.chunks) this.#log(event.stepId, chunk.stream, chunk.text);
        return;
      case "step.waiting":
        this.#step(event.stepId).status = "waiting";
        this.#status = "waiting";
        return this.#line(
          event.stepId,
          this.#output.style("yellow", `waits for approval: ${plain(event.reason)}`),
        );
      case "approval.decided":
        return this.#line(
          event.stepId,
          `${event.decision}${event.comment ? `: ${plain(event.comment)}` : ""}`,
        );
      case "artifact.created":
        this.#artifacts.push(event.artifact);
        return;
      case "policy.denied":
        return this.#line(event.stepId, this.#output.style("red", `${event.rule}: ${plain(event.message)}`));
      case "credits.spent":
        this.#step(event.stepId).millicredits += event.millicredits;
        return;
      case "step.finished":
        return this.#finishStep(event);
      case "run.finished":
        this.#status = event.status;
        this.#failure = event.failure;
        this.#outputs = event.outputs;
        this.#open = undefined;
        return;
      default:
        // What else happens to a run is told by its page; new kinds of events must not stop an older command line.
        return;
    }
  }

  /** The steps with how they ended, and how the run did. */
  summary(): void {
    if (this.#options.silent) return;
    const { style } = this.#output;
    const { steps, millicredits } = this.report;
    const rows = steps.map((step) => [
      style(colours[step.status], `${marks[step.status]} ${step.name}`),
      step.status,
      step.durationMs === null ? "" : duration(step.durationMs),
      ...(millicredits === 0 ? [] : [step.millicredits === 0 ? "" : formatCredits(step.millicredits)]),
      step.failure === null ? "" : plain(step.failure.message),
    ]);
    this.#output.print();
    for (const line of table(rows)) this.#output.print(line);
    for (const artifact of this.#artifacts) {
      const url = artifact.data["url"];
      if (typeof url === "string") this.#output.print(`${plain(artifact.name)}: ${plain(url)}`);
      const estimate = estimateOf(artifact);
      if (estimate !== undefined) this.#output.print(`The real run: ${plain(estimateInWords(estimate))}`);
    }
    const failure = this.#failure === null ? "" : `: ${plain(this.#failure.message)}`;
    const cost = millicredits === 0 ? "" : `, ${formatCredits(millicredits)}`;
    this.#output.print(
      style(["bold", colours[this.#status]], `${this.#name} ${this.#status}`) + cost + failure,
    );
  }

  #step(id: string): StepState {
    let step = this.#steps.get(id);
    if (step === undefined) this.#steps.set(id, (step = newStep(id)));
    return step;
  }

  #shows(stepId: string | null): boolean {
    return !this.#options.silent && (this.#options.step === undefined || this.#options.step === stepId);
  }

  #group(stepId: string, suffix = ""): void {
    this.#open = stepId;
    this.#opened.add(stepId);
    if (this.#shows(stepId))
      this.#output.print(this.#output.style("bold", `▸ ${this.#step(stepId).name}${suffix}`));
  }

  /** A line of a step; the step's heading comes again when another one has written in between. */
  #line(stepId: string | null, line: string): void {
    if (!this.#shows(stepId)) return;
    if (stepId !== null && this.#open !== stepId)
      this.#group(stepId, this.#opened.has(stepId) ? " (continued)" : "");
    this.#output.print(`  ${line}`);
  }

  #log(stepId: string, stream: string, text: string): void {
    if (!this.#shows(stepId)) return;
    const key = `${stepId}\0${stream}`;
    const lines = ((this.#rest.get(key) ?? "") + text).split("\n");
    this.#rest.set(key, lines.pop() ?? "");
    for (const line of lines) this.#logLine(stepId, stream, line);
  }

  #logLine(stepId: string, stream: string, line: string): void {
    // What a carriage return would have overwritten is not shown.
    const text = this.#output.foreign(line.replace(/\r$/, "").split("\r").at(-1) ?? "");
    this.#line(stepId, stream === "note" ? this.#output.style("dim", text) : text);
  }

  #finishStep(event: EventOf<"step.finished">): void {
    for (const stream of ["out", "err", "note"]) {
      const rest = this.#rest.get(`${event.stepId}\0${stream}`);
      if (rest) this.#logLine(event.stepId, stream, rest);
      this.#rest.delete(`${event.stepId}\0${stream}`);
    }
    const step = this.#step(event.stepId);
    step.status = event.status;
    step.durationMs = event.durationMs;
    step.failure = event.failure;
    step.outputs = event.outputs;
    if (event.status === "skipped") return;
    const why = event.failure === null ? "" : `: ${plain(event.failure.message)}`;
    const text = `${marks[event.status]} ${event.status} in ${duration(event.durationMs)}${why}`;
    this.#line(event.stepId, this.#output.style(colours[event.status], text));
  }
}

function newStep(name: string): StepState {
  return {
    name: plain(name),
    status: "pending",
    durationMs: null,
    millicredits: 0,
    failure: null,
    outputs: {},
  };
}

function estimateInWords(estimate: Estimate): string {
  const { durationMs, runs, message = "" } = estimate;
  const time =
    durationMs === undefined
      ? message
      : `about ${duration(durationMs.median)} (${duration(durationMs.low)} to ${duration(durationMs.high)} in ${runs === 1 ? "1 run" : `${runs} runs`}).`;
  const credits = creditsInWords(estimate);
  return credits === null ? time : `${time} Credits: ${credits}.`;
}

/** `840 ms`, `1.3 s`, `2 min 5 s` */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
