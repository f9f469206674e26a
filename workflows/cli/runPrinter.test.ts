import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { RunEvent } from "../../shared/run/events.ts";
import type { Output } from "./output.ts";
import { RunPrinter } from "./runPrinter.ts";

function printed(events: RunEvent[]): { lines: string[]; printer: RunPrinter } {
  const lines: string[] = [];
  const output: Output = {
    print: (line = "") => void lines.push(stripVTControlCharacters(line)),
    note: (line) => void lines.push(line),
    json: (value) => void lines.push(JSON.stringify(value)),
    style: (_format, text) => text,
    foreign: (text) => text,
  };
  const printer = new RunPrinter(output);
  for (const event of events) printer.add(event);
  lines.length = 0;
  printer.summary();
  return { lines, printer };
}

const finished = (stepId: string): RunEvent => ({
  type: "step.finished",
  stepId,
  status: "succeeded",
  exitCode: 0,
  durationMs: 840,
  outputs: {},
  failure: null,
});
const runFinished: RunEvent = { type: "run.finished", status: "succeeded", failure: null, outputs: {} };
const paid = (stepId: string, millicredits: number): RunEvent => ({
  type: "credits.spent",
  stepId,
  item: "command",
  millicredits,
});
const queued: RunEvent = {
  type: "run.queued",
  workflowPath: "ci.yaml",
  name: "CI",
  commit: "c",
  ref: "main",
  trigger: "manual",
  inputs: {},
  steps: [
    { id: "a", type: "command", name: "Install", needs: [] },
    { id: "b", type: "command", name: "Test", needs: ["a"] },
  ],
};

test("W278 the summary and the report say what the run and its steps have cost", () => {
  const { lines, printer } = printed([
    queued,
    paid("a", 150),
    paid("a", 250),
    finished("a"),
    finished("b"),
    runFinished,
  ]);
  expect(lines).toEqual([
    "",
    "✓ Install  succeeded  840 ms  0.4 cr",
    "✓ Test     succeeded  840 ms",
    "CI succeeded, 0.4 cr",
  ]);
  expect(printer.report).toMatchObject({
    millicredits: 400,
    steps: [{ millicredits: 400 }, { millicredits: 0 }],
  });
});

test("W276 where nothing costs anything, nothing is said of it", () => {
  const { lines } = printed([queued, finished("a"), finished("b"), runFinished]);
  expect(lines.join("\n")).not.toContain("cr");
});

test("W277 a dry run ends with what the real one will take and can cost", () => {
  const estimate = (data: object): RunEvent => ({
    type: "artifact.created",
    artifact: {
      id: "5d6c8a0e-1a2b-4c3d-8e9f-0a1b2c3d4e5f",
      kind: "metrics",
      name: "estimate",
      stepId: null,
      sha256: "",
      size: 0,
      madeFrom: [],
      data: data as {},
    },
  });
  const lineOf = (data: object) =>
    printed([queued, estimate(data)]).lines.find((line) => line.includes("real run"));
  const durationMs = { median: 65_000, low: 60_000, high: 90_000 };
  expect(lineOf({ runs: 3, durationMs, steps: [] })).toBe(
    "The real run: about 1 min 5 s (1 min 0 s to 1 min 30 s in 3 runs).",
  );
  expect(lineOf({ runs: 0, message: "Nothing yet.", credits: { worst: 15, likely: null, budget: 10 } })).toBe(
    "The real run: Nothing yet. Credits: at most 15 cr; what would pass max_credits (10 cr) is refused.",
  );
});
