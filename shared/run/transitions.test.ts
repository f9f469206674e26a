import { expect, it } from "vitest";
import { runStatuses, stepStatuses } from "./events.ts";
import {
  assertRunTransition,
  assertStepTransition,
  isFinal,
  mayRunBecome,
  mayStepBecome,
} from "./transitions.ts";

it("W43 a finished run stays as it is", () => {
  for (const from of runStatuses.filter(isFinal))
    for (const to of runStatuses) expect(mayRunBecome(from, to)).toBe(false);
});

it("W43 a run goes from queued to running to its end, and may wait in between", () => {
  for (const [from, to] of [
    ["queued", "running"],
    ["queued", "canceled"],
    ["running", "waiting"],
    ["waiting", "running"],
    ["running", "succeeded"],
    ["waiting", "failed"],
  ] as const)
    expect(() => assertRunTransition(from, to)).not.toThrow();
  expect(() => assertRunTransition("queued", "succeeded")).toThrow("A queued run cannot become succeeded.");
  expect(() => assertRunTransition("running", "queued")).toThrow("cannot become queued");
});

it("W43 a step that ended does not start again, but for another attempt after a failure", () => {
  for (const from of ["succeeded", "skipped", "canceled"] as const)
    for (const to of stepStatuses) expect(mayStepBecome(from, to)).toBe(false);
  expect(stepStatuses.filter((to) => mayStepBecome("failed", to))).toEqual(["running"]);
  expect(() => assertStepTransition("s1", "waiting", "pending")).toThrow(
    "Step s1 is waiting and cannot become pending.",
  );
});

it("W43 an illegal change is a conflict with both statuses in its details", () => {
  expect(() => assertStepTransition("s1", "skipped", "running")).toThrow(
    expect.objectContaining({ code: "conflict", details: { stepId: "s1", from: "skipped", to: "running" } }),
  );
});
