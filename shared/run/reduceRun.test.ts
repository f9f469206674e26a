import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storedRunEventSchema } from "./events.ts";
import type { RunEvent, StoredRunEvent } from "./events.ts";
import { emptyRunView, hasGap, nextSeq, reduceRun, reduceRunEvents, stepOf } from "./reduceRun.ts";
import type { RunView } from "./reduceRun.ts";
import { logLines } from "./stepLog.ts";

const runId = "6f1b1c1e-0d55-4a7c-9a55-3c2f8f2d3b10";
const approvalId = "0b0f4a52-9a0b-4a39-8f0e-4a7c8f0f6a11";
const artifactId = "5d6c8a0e-1a2b-4c3d-8e9f-0a1b2c3d4e5f";

const queued: RunEvent = {
  type: "run.queued",
  workflowPath: ".coder/workflows/ci.yaml",
  name: "CI",
  commit: "abc",
  ref: "main",
  trigger: "manual",
  inputs: { channel: "beta" },
  steps: [
    { id: "s1", type: "command", name: "Install", needs: [] },
    { id: "s2", type: "deploy", name: "Deploy", needs: ["s1"] },
    { id: "s3", type: "notify", name: "Say", needs: ["s2"] },
  ],
};

const finished = (
  stepId: string,
  more: Partial<Extract<RunEvent, { type: "step.finished" }>> = {},
): RunEvent => ({
  type: "step.finished",
  stepId,
  status: "succeeded",
  exitCode: 0,
  durationMs: 10,
  outputs: {},
  failure: null,
  ...more,
});

const waiting: RunEvent = {
  type: "step.waiting",
  stepId: "s2",
  approvalId,
  reason: "Deploy to production",
  action: "deploy.prod",
  contentHash: "h",
  subject: { target: "prod" },
  expiresAt: 99,
};

const decided = (decision: "approved" | "rejected"): RunEvent => ({
  type: "approval.decided",
  approvalId,
  stepId: "s2",
  decision,
  decidedBy: "ada",
  comment: "fine",
});

/** A run with every kind of event. */
const story: RunEvent[] = [
  queued,
  { type: "run.started", workerId: "w1" },
  { type: "step.started", stepId: "s1", attempt: 1 },
  { type: "step.log", stepId: "s1", chunks: [{ stream: "out", text: "npm ci\nadd", at: 1 }] },
  { type: "run.resumed", workerId: "w2", reason: "lease expired" },
  { type: "step.started", stepId: "s1", attempt: 2 },
  { type: "step.log", stepId: "s1", chunks: [{ stream: "out", text: "ed 3\n", at: 2 }] },
  finished("s1", { outputs: { changed: true } }),
  { type: "policy.denied", stepId: "s1", rule: "network.allowed_domains", message: "no" },
  { type: "step.started", stepId: "s2", attempt: 1 },
  waiting,
  decided("approved"),
  { type: "step.started", stepId: "s2", attempt: 1 },
  {
    type: "artifact.created",
    artifact: {
      id: artifactId,
      kind: "deploy_url",
      name: "Production",
      stepId: "s2",
      sha256: "x",
      size: 0,
      data: {},
      madeFrom: [],
    },
  },
  finished("s2", { exitCode: null }),
  { type: "cancel.requested", by: "ada" },
  finished("s3", { status: "canceled", exitCode: null }),
  {
    type: "run.finished",
    status: "canceled",
    failure: { code: "canceled", message: "by ada" },
    outputs: { v: 1 },
  },
];

const store = (events: readonly RunEvent[]): StoredRunEvent[] =>
  events.map((event, i) => ({
    runId,
    seq: i + 1,
    at: new Date(1_700_000_000_000 + i * 1000).toISOString(),
    event,
  }));
const fold = (events: readonly RunEvent[]): RunView => store(events).reduce(reduceRun, emptyRunView(runId));

describe("folding", () => {
  it("W40 the story is made of valid events and ends as it should", () => {
    for (const event of store(story)) expect(storedRunEventSchema.parse(event)).toEqual(event);
    const view = fold(story);
    expect(view).toMatchObject({
      status: "canceled",
      name: "CI",
      inputs: { channel: "beta" },
      lastSeq: story.length,
      queuedAt: 1_700_000_000_000,
      startedAt: 1_700_000_001_000,
      finishedAt: 1_700_000_000_000 + (story.length - 1) * 1000,
      workerId: "w2",
      resumes: 1,
      cancelRequested: true,
      canceledBy: "ada",
      failure: { code: "canceled" },
      outputs: { v: 1 },
      denials: [{ stepId: "s1", rule: "network.allowed_domains" }],
      artifacts: [{ id: artifactId }],
      approvals: [{ approvalId, decision: "approved", decidedBy: "ada", comment: "fine" }],
    });
    expect(view.steps.map(({ id, status, attempt }) => [id, status, attempt])).toEqual([
      ["s1", "succeeded", 2],
      ["s2", "succeeded", 1],
      ["s3", "canceled", 0],
    ]);
    expect(stepOf(view, "s1")).toMatchObject({
      exitCode: 0,
      durationMs: 10,
      outputs: { changed: true },
      failure: null,
    });
    expect([...logLines(stepOf(view, "s1")!.log)].map((line) => line.text)).toEqual(["npm ci", "added 3"]);
  });

  it("W42 a run waits while a step waits and none runs", () => {
    const base: RunEvent[] = [
      queued,
      { type: "run.started", workerId: "w" },
      { type: "step.started", stepId: "s2", attempt: 1 },
    ];
    expect(fold([...base, waiting]).status).toBe("waiting");
    expect(stepOf(fold([...base, waiting]), "s2")?.waitingFor).toMatchObject({
      approvalId,
      action: "deploy.prod",
      expiresAt: 99,
    });
    expect(fold([...base, { type: "step.started", stepId: "s1", attempt: 1 }, waiting]).status).toBe(
      "running",
    );
    const after = fold([...base, waiting, decided("approved")]);
    expect([after.status, stepOf(after, "s2")?.status, stepOf(after, "s2")?.waitingFor]).toEqual([
      "running",
      "running",
      null,
    ]);
    expect(fold([...base, waiting, decided("rejected"), finished("s2", { status: "failed" })]).status).toBe(
      "running",
    );
  });

  it("W42 a second attempt starts clean but keeps the log", () => {
    const failure = { code: "command_failed", message: "exit 1" } as const;
    const view = fold([
      queued,
      { type: "run.started", workerId: "w" },
      { type: "step.started", stepId: "s1", attempt: 1 },
      { type: "step.log", stepId: "s1", chunks: [{ stream: "err", text: "boom\n", at: 1 }] },
      finished("s1", { status: "failed", exitCode: 1, failure }),
      { type: "step.started", stepId: "s1", attempt: 2 },
    ]);
    expect(stepOf(view, "s1")).toMatchObject({
      status: "running",
      attempt: 2,
      exitCode: null,
      failure: null,
      finishedAt: null,
    });
    expect(stepOf(view, "s1")?.log.length).toBe(1);
  });

  it("W42 nothing of a finished run looks alive", () => {
    const view = fold([
      queued,
      { type: "run.started", workerId: "w" },
      { type: "step.started", stepId: "s2", attempt: 1 },
      waiting,
      {
        type: "run.finished",
        status: "failed",
        failure: { code: "interrupted", message: "worker lost" },
        outputs: {},
      },
    ]);
    expect(view.status).toBe("failed");
    expect(view.steps.map((step) => step.status)).toEqual(["skipped", "canceled", "skipped"]);
    expect(view.steps.every((step) => step.waitingFor === null)).toBe(true);
  });

  it("W278 what a step has paid adds up over its attempts, and the steps to the run", () => {
    const paid = (stepId: string, millicredits: number): RunEvent => ({
      type: "credits.spent",
      stepId,
      item: "command",
      millicredits,
    });
    const started = (stepId: string, attempt: number): RunEvent => ({
      type: "step.started",
      stepId,
      attempt,
    });
    const events: RunEvent[] = [
      queued,
      started("s1", 1),
      paid("s1", 5),
      started("s1", 2),
      paid("s1", 7),
      finished("s1"),
      started("s2", 1),
      paid("s2", 100),
    ];
    const view = reduceRunEvents(
      emptyRunView(runId),
      events.map((event, index) => ({ runId, seq: index + 1, at: "2026-01-01T00:00:00Z", event })),
    );
    expect(view.millicredits).toBe(112);
    expect(view.steps.map((step) => step.millicredits)).toEqual([12, 100, 0]);
  });

  it("W40 an event of a step that the plan does not name is kept", () => {
    expect(stepOf(fold([queued, { type: "step.started", stepId: "new", attempt: 1 }]), "new")).toMatchObject({
      status: "running",
    });
  });
});

describe("delivery", () => {
  it("W40 an event that is already folded changes nothing, not even the object", () => {
    const view = fold(story);
    for (const event of store(story)) expect(reduceRun(view, event)).toBe(view);
  });

  it("W41 an event behind a gap changes nothing and is told as a gap", () => {
    const events = store(story);
    const view = events.slice(0, 3).reduce(reduceRun, emptyRunView(runId));
    expect(nextSeq(view)).toBe(4);
    expect(hasGap(view, events[4]!)).toBe(true);
    expect(reduceRun(view, events[4]!)).toBe(view);
    expect(hasGap(view, events[3]!)).toBe(false);
    expect(hasGap(view, events[0]!)).toBe(false);
  });

  it("W40 an event of another run changes nothing", () => {
    const view = fold(story.slice(0, 3));
    const other = { ...store(story)[3]!, runId: artifactId };
    expect(reduceRun(view, other)).toBe(view);
    expect(hasGap(view, { ...other, seq: 99 })).toBe(false);
  });

  it("W40 folding does not change what was folded before", () => {
    let view = emptyRunView(runId);
    for (const event of store(story)) {
      const before = structuredClone(view);
      const next = reduceRun(view, event);
      expect(view).toEqual(before);
      view = next;
    }
  });

  it("W41 any loss, repetition and reordering of messages, with a fetch at each gap, gives the same view", () => {
    const events = store(story);
    const whole = fold(story);
    fc.assert(
      fc.property(
        fc.array(fc.nat(events.length - 1), { maxLength: 60 }),
        fc.array(fc.nat(5), { maxLength: 60 }),
        (messages, pages) => {
          let view = emptyRunView(runId);
          let fetches = 0;
          // A page of the answer may itself be cut short; what is missing is fetched again at the next gap.
          const fetchAfter = (seq: number): StoredRunEvent[] =>
            events.slice(seq, seq + 1 + (pages[fetches++] ?? 100));
          for (const index of messages) {
            const message = events[index]!;
            while (hasGap(view, message)) view = fetchAfter(view.lastSeq).reduce(reduceRun, view);
            view = reduceRun(view, message);
          }
          view = reduceRunEvents(view, [...events].reverse());
          expect(view).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("W41 events that were fetched and pushed at once, in any order, fold to the same view", () => {
    const events = store(story);
    const shuffled = fc.shuffledSubarray([...events, ...events], {
      minLength: events.length,
      maxLength: events.length * 2,
    });
    fc.assert(
      fc.property(shuffled, (some) => {
        const view = reduceRunEvents(emptyRunView(runId), some);
        const seen = new Set(some.map((event) => event.seq));
        const last = events.findIndex((event) => !seen.has(event.seq));
        expect(view).toEqual(fold(story.slice(0, last === -1 ? story.length : last)));
      }),
    );
  });
});

it("W44 a run of 200,000 log lines folds in under two seconds", () => {
  const lines = Array.from({ length: 100 }, (_, i) => ({
    stream: "out" as const,
    text: `line ${i}\n`,
    at: i,
  }));
  const log: RunEvent = { type: "step.log", stepId: "s1", chunks: lines };
  const start = performance.now();
  const view = fold([
    queued,
    { type: "run.started", workerId: "w" },
    ...Array.from({ length: 2000 }, () => log),
  ]);
  expect(stepOf(view, "s1")?.log.length).toBe(200_000);
  expect(performance.now() - start).toBeLessThan(2000);
});
