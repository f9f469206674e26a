import { describe, expect, it } from "vitest";
import { edgesOf, problemsOfSteps, readModel, stepLines } from "./workflowGraph.ts";

const path = ".coder/workflows/ci.yaml";
const text =
  "name: x\ntriggers: [{ type: manual }]\nsteps:\n  # one\n  - step_id: a\n    type: command\n    command: |\n      - not a step\n  - { step_id: b, type: release, needs: [a] }\noutputs: {}\n";

describe("the builder's model of a text", () => {
  it("has the steps with what they need", () => {
    const model = readModel(text, { path });
    expect(model.steps.map(({ id, type, needs }) => [id, type, needs])).toEqual([
      ["a", "command", []],
      ["b", "release", ["a"]],
    ]);
    expect(edgesOf(model.steps)).toEqual([{ from: "0", to: "1" }]);
    expect(stepLines(text)).toEqual([5, 9]);
  });

  it("shows a file with mistakes as far as it is written, and names the step of each", () => {
    const wrong = text.replace("type: release", "type: relese");
    const model = readModel(wrong, { path });
    expect(model.workflow).toBeNull();
    expect(model.steps.map((step) => step.id)).toEqual(["a", "b"]);
    expect([...problemsOfSteps(wrong, model)]).toEqual([
      [1, 'type is "relese", which is not one of its values'],
    ]);
  });

  it("keeps the steps while the YAML cannot be read", () => {
    const before = readModel(text, { path });
    const model = readModel(`${text}a: [`, { path, before });
    expect(model.value).toBeNull();
    expect(model.steps).toEqual(before.steps);
  });
});
