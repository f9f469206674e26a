import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../shared/run/events.ts";
import { emptyRunView, reduceOutline } from "../../shared/run/reduceRun.ts";
import { timelineOf } from "./timeline.ts";

const runId = "00000000-0000-4000-8000-000000000000";
const approvalId = "00000000-0000-4000-8000-000000000001";
const start = Date.parse("2026-01-01T00:00:00Z");

function viewOf(events: [atMs: number, event: unknown][]) {
  return reduceOutline(
    runId,
    events.map(([at, event], index) => ({
      runId,
      // Gaps, as an outline has them where the log was.
      seq: index * 3 + 1,
      at: new Date(start + at).toISOString(),
      event: event as RunEvent,
    })),
  );
}

const queued = {
  type: "run.queued",
  workflowPath: "ci.yaml",
  name: "CI",
  commit: "0",
  ref: "main",
  trigger: "manual",
  inputs: {},
  steps: [
    { id: "test", type: "command", name: "Test", needs: [] },
    { id: "ship", type: "deploy", name: "Ship", needs: ["test"] },
  ],
};
const begun = (stepId: string, attempt: number) => ({ type: "step.started", stepId, attempt });
const ended = (stepId: string, status: string) => ({
  type: "step.finished",
  stepId,
  status,
  exitCode: 0,
  durationMs: 0,
  outputs: {},
  failure: null,
});

describe("timelineOf", () => {
  test("W167 attempts are bars of their own, and waiting is no work", () => {
    const view = viewOf([
      [0, queued],
      [100, { type: "run.started", workerId: "w" }],
      [100, begun("test", 1)],
      [300, begun("test", 2)],
      [500, ended("test", "succeeded")],
      [500, begun("ship", 1)],
      [
        600,
        {
          type: "step.waiting",
          stepId: "ship",
          approvalId,
          reason: "",
          action: null,
          contentHash: "",
          subject: {},
          expiresAt: null,
        },
      ],
      [
        900,
        {
          type: "approval.decided",
          approvalId,
          stepId: "ship",
          decision: "approved",
          decidedBy: null,
          comment: null,
        },
      ],
      [1000, ended("ship", "succeeded")],
      [1000, { type: "run.finished", status: "succeeded", failure: null, outputs: {} }],
    ]);
    const timeline = timelineOf(view, start + 99_999);
    expect(timeline).toMatchObject({ totalMs: 1000, queuedMs: 100 });
    const [test, ship] = timeline.rows;
    expect(test).toMatchObject({ ranMs: 400, waitedMs: 0 });
    expect(test!.bars).toMatchObject([
      { attempt: 1, left: 10, width: 20 },
      { attempt: 2, left: 30, width: 20, open: false },
    ]);
    expect(ship).toMatchObject({ ranMs: 200, waitedMs: 300 });
    expect(ship!.bars.map((bar) => bar.kind)).toEqual(["running", "waiting", "running"]);
  });

  test("W167 what goes on reaches to now; what has not begun has no bar", () => {
    const view = viewOf([
      [0, queued],
      [0, { type: "run.started", workerId: "w" }],
      [50, begun("test", 1)],
    ]);
    const { rows, totalMs } = timelineOf(view, start + 150);
    expect(totalMs).toBe(150);
    expect(rows[0]).toMatchObject({ ranMs: 100, bars: [{ open: true }] });
    expect(rows[1]!.bars).toEqual([]);
    expect(timelineOf(emptyRunView(runId), start)).toEqual({ totalMs: 1, queuedMs: 0, rows: [] });
  });
});
