import type { StoredRunEvent } from "../../shared/run/events.ts";
import { emptyRunView, reduceRunEvents, type RunView } from "../../shared/run/reduceRun.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import type { Run } from "../views.ts";
import type { Api } from "./tools.ts";

const pollMs = 400;
const pageSize = 1000;

/**
 * What has become of a run since `afterSeq`: waits for something new, for at most `waitMs`. The events are folded as
 * every page does it, so a model sees the same run as a person.
 */
export async function watchRun(
  api: Api,
  run: Run,
  options: { afterSeq: number; waitMs: number; maxLogChars: number },
): Promise<object> {
  const until = performance.now() + options.waitMs;
  let events = await eventsOf(api, run.id, 0);
  for (;;) {
    const view = reduceRunEvents(emptyRunView(run.id), events);
    const isNew = view.lastSeq > options.afterSeq;
    if (isNew || isFinal(view.status) || performance.now() >= until)
      return describe(run, view, { events, ...options });
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    events = [...events, ...(await eventsOf(api, run.id, view.lastSeq))];
  }
}

async function eventsOf(api: Api, runId: string, afterSeq: number): Promise<StoredRunEvent[]> {
  const events: StoredRunEvent[] = [];
  for (let last = afterSeq; ; last = events.at(-1)?.seq ?? last) {
    const page = await api.runs.eventsAfter({ runId, afterSeq: last, limit: pageSize });
    events.push(...page);
    if (page.length < pageSize) return events;
  }
}

function describe(
  run: Run,
  view: RunView,
  { events, afterSeq, maxLogChars }: { events: StoredRunEvent[]; afterSeq: number; maxLogChars: number },
): object {
  const log = events
    .filter((stored) => stored.seq > afterSeq)
    .flatMap(({ event }) => (event.type === "step.log" ? event.chunks.map((chunk) => chunk.text) : []))
    .join("");
  return {
    number: run.number,
    workflow: view.workflowPath,
    commit: view.commit,
    status: view.status,
    ended: isFinal(view.status),
    seq: view.lastSeq,
    failure: view.failure,
    outputs: view.outputs,
    steps: view.steps.map(({ id, name, type, status, attempt, exitCode, failure }) => {
      return { id, name, type, status, attempt, exitCode, failure };
    }),
    waitingFor: view.steps.flatMap((step) => (step.waitingFor === null ? [] : [step.waitingFor])),
    denials: view.denials,
    artifacts: view.artifacts.map(({ id, kind, name, data }) => ({ id, kind, name, data })),
    log: log.length > maxLogChars ? `…${log.slice(log.length - maxLogChars)}` : log,
    logIsCut: log.length > maxLogChars,
  };
}
