import { expect, it } from "vitest";
import { bigWorkflow } from "./bigWorkflow.ts";
import { lintWorkflow } from "./parseWorkflow.ts";

// How long it takes is measured by `npm run bench lint`.
it("W33 a file of 1,000 steps with needs, conditions and env lints without a finding", () => {
  expect(lintWorkflow(bigWorkflow(1000), { path: "w.yaml" })).toEqual([]);
});

it("W33 a mistake at the end of such a file is found at its place", () => {
  expect(lintWorkflow(bigWorkflow(1000, " ${{ run.id }}"), { path: "w.yaml" })).toMatchObject([
    { code: "expression_in_command", line: 7002 },
  ]);
});
