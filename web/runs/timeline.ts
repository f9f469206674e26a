import type { RunView } from "../../shared/run/reduceRun.ts";
import type { StepSpan } from "../../shared/run/stepSpans.ts";
import type { StepStatus } from "../../shared/run/events.ts";

/** Where a span stands on the line from the run's begin to its end, in per cent. */
export interface TimelineBar {
  kind: StepSpan["kind"];
  attempt: number;
  left: number;
  width: number;
  ms: number;
  open: boolean;
}

export interface TimelineRow {
  id: string;
  name: string;
  type: string;
  status: StepStatus;
  bars: TimelineBar[];
  /** Milliseconds in which something ran, and in which the step waited for somebody. */
  ranMs: number;
  waitedMs: number;
  millicredits: number;
}

export interface Timeline {
  /** Milliseconds from the first thing shown to the last. */
  totalMs: number;
  /** Before the first step began. */
  queuedMs: number;
  rows: TimelineRow[];
}

/** What each step did when. `now` (milliseconds) is the end of what still goes on. */
export function timelineOf(view: RunView, now: number): Timeline {
  const from = view.queuedAt ?? view.startedAt ?? now;
  const ends = view.steps.flatMap((step) => step.spans.map((span) => span.to ?? now));
  const to = Math.max(view.finishedAt ?? from, ...ends, view.finishedAt === null ? now : from);
  const totalMs = Math.max(1, to - from);
  const begins = view.steps.flatMap((step) => step.spans.map((span) => span.from));
  const rows = view.steps.map((step): TimelineRow => {
    const bars = step.spans.map((span): TimelineBar => {
      const ms = Math.max(0, (span.to ?? now) - span.from);
      const left = ((span.from - from) / totalMs) * 100;
      return {
        kind: span.kind,
        attempt: span.attempt,
        left: Math.min(100, Math.max(0, left)),
        width: Math.min(100 - left, (ms / totalMs) * 100),
        ms,
        open: span.to === null,
      };
    });
    const sum = (kind: StepSpan["kind"]) =>
      bars.reduce((total, bar) => total + (bar.kind === kind ? bar.ms : 0), 0);
    return {
      id: step.id,
      name: step.name,
      type: step.type,
      status: step.status,
      bars,
      ranMs: sum("running"),
      waitedMs: sum("waiting"),
      millicredits: step.millicredits,
    };
  });
  return { totalMs, queuedMs: begins.length === 0 ? 0 : Math.max(0, Math.min(...begins) - from), rows };
}
