/** A part of a step's life: an attempt that ran, or a wait for an approval. */
export interface StepSpan {
  kind: "running" | "waiting";
  attempt: number;
  /** Milliseconds since the epoch; `to` is null while it goes on. */
  from: number;
  to: number | null;
}

/** The spans with the open one, if any, ended. */
export function endSpan(spans: readonly StepSpan[], at: number): readonly StepSpan[] {
  const last = spans.at(-1);
  return last?.to === null ? [...spans.slice(0, -1), { ...last, to: at }] : spans;
}

/** The spans with the open one ended and a new one begun. */
export function beginSpan(
  spans: readonly StepSpan[],
  begun: Pick<StepSpan, "kind" | "attempt">,
  at: number,
): readonly StepSpan[] {
  return [...endSpan(spans, at), { ...begun, from: at, to: null }];
}
