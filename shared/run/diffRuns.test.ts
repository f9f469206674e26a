import { describe, expect, test } from "vitest";
import { diffLogs, normalizeLine } from "./diffLogs.ts";
import { diffRuns, type RunFacts } from "./diffRuns.ts";

const facts = (more: Partial<RunFacts> = {}): RunFacts => ({
  commit: "a",
  ref: "main",
  yaml: "name: CI",
  inputs: {},
  outputs: {},
  steps: [],
  tests: [],
  ...more,
});
const step = (id: string, status: "succeeded" | "failed", ms: number | null, outputs = {}) => ({
  id,
  name: id,
  status,
  ms,
  millicredits: 0,
  outputs,
});

describe("diffRuns", () => {
  test("W168 a run differs from itself in nothing", () => {
    const one = facts({ steps: [step("a", "succeeded", 5, { x: { k: 1, l: 2 } })], inputs: { a: [1] } });
    const diff = diffRuns(one, structuredClone(one));
    expect(diff).toMatchObject({
      workflow: false,
      commit: false,
      ref: false,
      inputs: [],
      outputs: [],
      tests: null,
    });
    expect(diff.steps).toEqual([
      {
        id: "a",
        name: "a",
        from: { status: "succeeded", ms: 5 },
        to: { status: "succeeded", ms: 5 },
        slowerMs: 0,
        dearerMillicredits: 0,
      },
    ]);
  });

  test("W168 inputs and outputs are compared by value, whatever the order of their keys", () => {
    const from = facts({ inputs: { a: 1, b: { x: 1, y: 2 }, gone: null }, outputs: { v: "1" } });
    const to = facts({ inputs: { b: { y: 2, x: 1 }, a: "1", new: true }, outputs: { v: "2" } });
    expect(diffRuns(from, to).inputs).toEqual([
      { name: "a", from: 1, to: "1" },
      { name: "gone", from: null, to: undefined },
      { name: "new", from: undefined, to: true },
    ]);
    expect(diffRuns(from, to).outputs).toEqual([{ name: "v", from: "1", to: "2" }]);
    const named = facts({ inputs: JSON.parse('{"__proto__":1}') });
    expect(diffRuns(facts(), named).inputs).toEqual([{ name: "__proto__", from: undefined, to: 1 }]);
  });

  test("W168 steps of either run are listed, with how much longer they took", () => {
    const from = facts({ steps: [step("old", "succeeded", 1), step("test", "succeeded", 100)] });
    const to = facts({ steps: [step("test", "failed", 150, { n: 1 }), step("new", "succeeded", null)] });
    const diff = diffRuns(from, to);
    expect(
      diff.steps.map(({ id, from: a, to: b, slowerMs }) => [id, a?.status, b?.status, slowerMs]),
    ).toEqual([
      ["test", "succeeded", "failed", 50],
      ["new", undefined, "succeeded", null],
      ["old", "succeeded", undefined, null],
    ]);
    expect(diff.outputs).toEqual([{ name: "steps.test.n", from: undefined, to: 1 }]);
  });

  test("W278 steps of both runs say how much more they cost", () => {
    const paid = (id: string, millicredits: number) => ({ ...step(id, "succeeded", 1), millicredits });
    const diff = diffRuns(
      facts({ steps: [paid("a", 400), paid("gone", 5)] }),
      facts({ steps: [paid("a", 150), paid("new", 7)] }),
    );
    expect(diff.steps.map(({ id, dearerMillicredits }) => [id, dearerMillicredits])).toEqual([
      ["a", -250],
      ["new", null],
      ["gone", null],
    ]);
  });

  test("W168 tests: which fail now, which no longer, which still", () => {
    const report = (passed: number, ...failures: string[]) => ({
      passed,
      failed: failures.length,
      skipped: 0,
      failures,
    });
    const diff = diffRuns(
      facts({ tests: [report(5, "a", "b")] }),
      facts({ tests: [report(4, "b"), report(1, "c")] }),
    );
    expect(diff.tests).toEqual({
      passed: [5, 5],
      failed: [2, 2],
      newlyFailing: ["c"],
      noLongerFailing: ["a"],
      stillFailing: ["b"],
    });
    expect(diffRuns(facts({ tests: [report(5, "a")] }), facts()).tests).toMatchObject({
      passed: [5, null],
      noLongerFailing: [],
    });
  });
});

describe("diffLogs", () => {
  test("W168 times, durations, ids and temporary paths make no difference", () => {
    for (const [one, other] of [
      ["2026-01-01T10:00:00.123Z start", "2027-02-03T11:12:13Z start"],
      ["[10:00:01] ok (12 ms)", "[23:59:59] ok (1.4 s)"],
      ["run 00000000-0000-4000-8000-000000000000", "run 11111111-1111-4111-8111-111111111111"],
      ["in /tmp/a/b.txt", "in /tmp/x"],
      ["\u001b[32mok\u001b[0m", "ok"],
    ] as const)
      expect(normalizeLine(one)).toBe(normalizeLine(other));
    expect(normalizeLine("3 passed")).not.toBe(normalizeLine("2 passed"));
    expect(diffLogs(["ok (1 ms)"], ["ok (2 ms)"])).toEqual([
      { kind: "gap", text: "1", from: null, to: null },
    ]);
  });

  test("W168 a difference stands among three lines that are the same, with its numbers", () => {
    const from = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const to = [...from.slice(0, 10), "changed", ...from.slice(11)];
    const diff = diffLogs(from, to)!;
    expect(diff.map((line) => line.kind)).toEqual([
      "gap",
      "same",
      "same",
      "same",
      "removed",
      "added",
      "same",
      "same",
      "same",
      "gap",
    ]);
    expect(diff[4]).toEqual({ kind: "removed", text: "line 10", from: 11, to: null });
    expect(diff[5]).toEqual({ kind: "added", text: "changed", from: null, to: 11 });
    expect(diff[0]!.text).toBe("7");
  });

  test("W168 logs with nothing in common end in bounded time", () => {
    const lines = (word: string) => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}`);
    const startedAt = performance.now();
    expect(diffLogs(lines("one"), lines("other"))).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
