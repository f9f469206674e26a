import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plannedStepSchema } from "../run/events.ts";
import { parseWorkflow } from "./parseWorkflow.ts";
import { planWorkflow, toPlannedSteps } from "./planWorkflow.ts";

function planOf(text: string) {
  const result = parseWorkflow(text, { path: "w.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return planWorkflow(result.workflow);
}

const needsOf = (text: string): string[][] => planOf(text).steps.map((step) => step.needs);
const step = (id: string, more = ""): string =>
  `  - { step_id: ${id}, type: command, command: echo ${id}${more} }\n`;
const head = "name: x\nsteps:\n";

describe("planWorkflow", () => {
  it("W10 without needs each step waits for the one before", () => {
    expect(needsOf(head + step("a") + step("b") + step("c"))).toEqual([[], ["a"], ["b"]]);
  });

  it("W11 with one needs the file is a graph", () => {
    expect(needsOf(head + step("a") + step("b") + step("c", ", needs: [a]"))).toEqual([[], [], ["a"]]);
    expect(needsOf(head + step("a") + step("b", ", needs: []"))).toEqual([[], []]);
    expect(needsOf(head + step("a") + step("b", ", needs: a"))).toEqual([[], ["a"]]);
  });

  it("W11 in a graph a step also needs the steps that it reads", () => {
    const text =
      head + step("a") + step("b", ", needs: [a]") + step("c", ', env: { V: "${{ steps.a.outputs.v }}" }');
    expect(needsOf(text)).toEqual([[], ["a"], ["a"]]);
  });

  it("W15 only a condition that reads a status decides after a failure", () => {
    const plan = planOf(
      head +
        step("a") +
        step("b", ', if: steps.a.status == "failed"') +
        step("c", ", if: has(steps.a.outputs.x)") +
        step("d"),
    );
    expect(plan.steps.map((one) => one.runsAfterFailure)).toEqual([false, true, false, false]);
  });

  it("W7 a step has its own settings, else the file's, else the language's", () => {
    const plan = planOf(
      `name: x\ndefaults: { timeout_sec: 60, on_interrupt: retry }\nsteps:\n${step("a", ", timeout_sec: 5, on_interrupt: fail")}${step("b")}` +
        "  - { step_id: d, type: deploy, target: prod, on_failure: { type: continue } }\n",
    );
    expect(
      plan.steps.map(({ timeoutSec, onInterrupt, onFailure }) => [timeoutSec, onInterrupt, onFailure.type]),
    ).toEqual([
      [5, "fail", "fail_fast"],
      [60, "retry", "fail_fast"],
      [60, "retry", "continue"],
    ]);
  });

  it("W7 a step without a name is called by what it does", () => {
    const plan = planOf(
      "name: x\nsteps:\n  - { type: command, command: 'npm test' }\n  - { type: command, name: Types, command: tsc }\n" +
        "  - { type: deploy, target: preview }\n  - { type: approve, reason: Really? }\n" +
        `  - type: command\n    command: |\n      ${"long ".repeat(30)}\n      second line\n`,
    );
    const names = plan.steps.map((one) => one.name);
    expect(names.slice(0, 4)).toEqual(["npm test", "Types", "Deploy a preview", "Really?"]);
    expect(names[4]).toHaveLength(60);
    expect(names[4]).toMatch(/^long long.*…$/);
  });

  it("W10 the plan is what the run.queued event carries", () => {
    const planned = toPlannedSteps(planOf(head + step("a") + step("b")));
    expect(planned).toEqual([
      { id: "a", type: "command", name: "echo a", needs: [] },
      { id: "b", type: "command", name: "echo b", needs: ["a"] },
    ]);
    for (const one of planned) expect(plannedStepSchema.parse(one)).toEqual(one);
  });

  it("W11 W13 any graph either plans in an order that honours every need, or is refused as a cycle", () => {
    const graphs = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.array(fc.subarray(Array.from({ length: size }, (_, i) => i)), {
        minLength: size,
        maxLength: size,
      }),
    );
    let cycles = 0;
    fc.assert(
      fc.property(graphs, (needs) => {
        const text =
          head +
          needs.map((one, i) => step(`s${i}x`, `, needs: [${one.map((n) => `s${n}x`).join(", ")}]`)).join("");
        const result = parseWorkflow(text, { path: "w.yaml" });
        if (!result.ok) {
          cycles += 1;
          expect(hasCycle(needs)).toBe(true);
          expect(result.problems.map((problem) => problem.code)).toContain("cycle");
          return;
        }
        const done = new Set<string>();
        const waiting = [...planWorkflow(result.workflow).steps];
        expect(waiting.map((one) => one.id)).toEqual(needs.map((_, i) => `s${i}x`));
        while (waiting.length > 0) {
          const ready = waiting.findIndex((one) => one.needs.every((id) => done.has(id)));
          expect(ready).not.toBe(-1);
          done.add(waiting.splice(ready, 1)[0]!.id);
        }
      }),
      { numRuns: 200 },
    );
    expect(cycles).toBeGreaterThan(0);
  });
});

/** Floyd–Warshall: plainly right, and nothing like the code under test. */
function hasCycle(needs: readonly (readonly number[])[]): boolean {
  const reach = needs.map((one) => needs.map((_, j) => one.includes(j)));
  for (let k = 0; k < needs.length; k += 1)
    for (let i = 0; i < needs.length; i += 1)
      for (let j = 0; j < needs.length; j += 1) reach[i]![j] ||= reach[i]![k]! && reach[k]![j]!;
  return reach.some((row, i) => row[i]);
}
