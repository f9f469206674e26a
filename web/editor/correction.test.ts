import { expect, it } from "vitest";
import { lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { correctionOf } from "./correction.ts";

it("a near name is offered as a correction, other hints are not", () => {
  const problems = lintWorkflow(
    "name: x\ntriggers: [{ type: manual }]\nsteps: [{ type: comand, command: x }]\npolicies: { network: { allowed_domains: ['https://x'] } }\n",
    { path: "w.yaml" },
  );
  expect(problems.map(correctionOf)).toEqual(["command"]);
  expect(correctionOf({ hint: "known: a, b" })).toBeUndefined();
  expect(correctionOf({})).toBeUndefined();
});
