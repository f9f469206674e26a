import { expect, test } from "vitest";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { planWorkflow } from "../../shared/workflow/planWorkflow.ts";
import { failedStep, initialState, mayFail, readiness, type RunState, type StepState } from "./runState.ts";

function plan(steps: string[]) {
  const parsed = parseWorkflow(
    `name: T\nsteps:\n${steps.map((step) => `  - { type: command, command: x, ${step} }`).join("\n")}\n`,
    { path: "t.yaml" },
  );
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return planWorkflow(parsed.workflow).steps;
}

function withStatus(
  state: RunState,
  id: string,
  status: StepState["status"],
  blocking = status === "failed",
): void {
  state.set(id, { status, blocking, outputs: {}, failure: null });
}

test("a step waits for all it needs, then is ready", () => {
  const steps = plan(["step_id: a, needs: []", "step_id: b, needs: []", "step_id: c, needs: [a, b]"]);
  const state = initialState(steps);
  expect(readiness(steps[2]!, state)).toEqual({ kind: "wait" });
  withStatus(state, "a", "succeeded");
  withStatus(state, "b", "running");
  expect(readiness(steps[2]!, state)).toEqual({ kind: "wait" });
  withStatus(state, "b", "skipped");
  expect(readiness(steps[2]!, state)).toEqual({ kind: "ready" });
});

test("after a failure only a step that asks for statuses runs, and it waits for what it needs all the same", () => {
  const steps = plan(["step_id: a", "step_id: b", "step_id: c, if: steps.a.status == 'failed'"]);
  const state = initialState(steps);
  withStatus(state, "a", "failed");
  expect(failedStep(state)).toBe("a");
  expect(readiness(steps[1]!, state)).toEqual({ kind: "skip", why: "step a failed" });
  expect(readiness(steps[2]!, state)).toEqual({ kind: "wait" });
  withStatus(state, "b", "skipped");
  expect(readiness(steps[2]!, state)).toEqual({ kind: "ready" });
});

test("a step whose failure is allowed blocks nothing", () => {
  const steps = plan(["step_id: a, on_failure: { type: continue }", "step_id: b"]);
  const state = initialState(steps);
  expect(mayFail(steps[0]!)).toBe(true);
  withStatus(state, "a", "failed", false);
  expect(failedStep(state)).toBe(undefined);
  expect(readiness(steps[1]!, state)).toEqual({ kind: "ready" });
});
