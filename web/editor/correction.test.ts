import { expect, it } from "vitest";
import { applyChanges } from "../../shared/workflow/edit/textChanges.ts";
import { lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { correctionChange, correctionOf } from "./correction.ts";

it("a near name is offered as a correction, other hints are not", () => {
  const problems = lintWorkflow(
    "name: x\ntriggers: [{ type: manual }]\nsteps: [{ type: comand, command: x }]\npolicies: { network: { allowed_domains: ['https://x'] } }\n",
    { path: "w.yaml" },
  );
  expect(problems.map(correctionOf)).toEqual(["command"]);
  expect(correctionOf({ hint: "known: a, b" })).toBeUndefined();
  expect(correctionOf({})).toBeUndefined();
});

it.each(["comand", "'comand'", '"comand"'])("what is written as %s keeps its quotes", (written) => {
  const text = `type: ${written} # x`;
  const change = correctionChange(text, { from: 6, to: 6 + written.length }, "command");
  expect(applyChanges(text, [change])).toBe(text.replace("comand", "command"));
});
