import { expect, it } from "vitest";
import type { StepStatus } from "./events.ts";
import { seedFromFailed } from "./seedFromFailed.ts";

const from = { runId: "6f1b1c1e-0d55-4a7c-9a55-3c2f8f2d3b10", number: 12 };
const step = (id: string, status: StepStatus, needs: string[] = [], type = "command") => ({
  id,
  type,
  name: id,
  needs,
  status,
  outputs: { of: id },
  from,
});
const kept = (steps: ReturnType<typeof step>[]): string[] => Object.keys(seedFromFailed(steps));

it("W66 steps that succeeded are taken over with their outputs, and with the run that did them", () => {
  const seed = seedFromFailed([
    step("a", "succeeded"),
    step("b", "failed", ["a"]),
    step("c", "skipped", ["b"]),
  ]);
  expect(seed).toEqual({ a: { outputs: { of: "a" }, from } });
});

it("W66 what stands on a step that is done again is done again, what stands on a skipped one is not", () => {
  expect(
    kept([
      step("a", "failed"),
      step("after", "succeeded", ["a"]),
      step("below", "succeeded", ["after"]),
      step("skipped", "skipped"),
      step("beside", "succeeded", ["skipped"]),
      step("stopped", "canceled"),
    ]),
  ).toEqual(["beside"]);
});

it("W66 an approval is asked for again when what waits for it is still to be done", () => {
  const chain = (deploy: StepStatus) => [
    step("build", "succeeded"),
    step("ok", "succeeded", ["build"], "approve"),
    step("deploy", deploy, ["ok"], "deploy"),
    step("smoke", "failed", ["deploy"]),
  ];
  expect(kept(chain("failed"))).toEqual(["build"]);
  expect(kept(chain("succeeded"))).toEqual(["build", "ok", "deploy"]);
});
