import { describe, expect, it } from "vitest";
import { chosenOf, dropEdit, edgesOf, lineAt, problemsOfBoxes, readModel } from "./workflowGraph.ts";

const path = ".coder/workflows/ci.yaml";
const text =
  'name: x\ntriggers:\n  - { type: manual }\n  - type: cron\n    cron: "0 9 * * 1"\nsteps:\n  # one\n  - step_id: a\n    type: command\n    command: |\n      - not a step\n  - { step_id: b, type: release, needs: [a] }\noutputs: {}\n';

describe("the builder's model of a text", () => {
  it("has the triggers in words and the steps with what they need", () => {
    const model = readModel(text, { path });
    expect(model.steps.map(({ id, type, needs }) => [id, type, needs])).toEqual([
      ["a", "command", []],
      ["b", "release", ["a"]],
    ]);
    expect(model.triggers.map((trigger) => trigger.words)).toEqual([
      "By hand",
      "At 09:00, only on Monday, UTC time",
    ]);
    expect(edgesOf(model)).toEqual([
      { from: "triggers.0", to: "steps.0" },
      { from: "triggers.1", to: "steps.0" },
      { from: "steps.0", to: "steps.1" },
    ]);
    expect(chosenOf("triggers.1")).toEqual({ part: "triggers", index: 1 });
    expect([lineAt(text, ["steps", 0]), lineAt(text, ["steps", 1]), lineAt(text, ["triggers", 1])]).toEqual([
      8, 12, 4,
    ]);
  });

  it("shows a file with mistakes as far as it is written, and names the box of each", () => {
    const wrong = text.replace("type: release", "type: relese").replace("type: cron", "type: corn");
    const model = readModel(wrong, { path });
    expect(model.workflow).toBeNull();
    expect(model.steps.map((step) => step.id)).toEqual(["a", "b"]);
    expect(model.triggers[1]).toMatchObject({ type: "corn", words: "corn" });
    expect([...problemsOfBoxes(model.findings)]).toEqual([
      ["triggers.1", 'type is "corn", which is not one of its values'],
      ["steps.1", 'type is "relese", which is not one of its values'],
    ]);
  });

  it("keeps what there was while the YAML cannot be read", () => {
    const before = readModel(text, { path });
    const model = readModel(`${text}a: [`, { path, before });
    expect(model.value).toBeNull();
    expect([model.steps, model.triggers]).toEqual([before.steps, before.triggers]);
  });
});

describe("a step that is dropped on another box", () => {
  const step = (id: string, more = "") => `  - { step_id: ${id}, type: command, command: ${id}${more} }\n`;
  const file = (steps: string) =>
    readModel(`name: x\ntriggers: [{ type: manual }]\nsteps:\n${steps}`, { path });
  const onStep = (index: number) => ({ part: "steps" as const, index });

  it("moves behind it where steps run in order; on a trigger, to the front", () => {
    const model = file(step("a") + step("b") + step("c"));
    expect(dropEdit(model, { step: 0, on: onStep(2) })).toEqual({ kind: "moveStep", index: 0, to: 2 });
    expect(dropEdit(model, { step: 2, on: onStep(0) })).toEqual({ kind: "moveStep", index: 2, to: 1 });
    expect(dropEdit(model, { step: 2, on: chosenOf("triggers.0") })).toEqual({
      kind: "moveStep",
      index: 2,
      to: 0,
    });
    expect(dropEdit(model, { step: 1, on: onStep(0) })).toBeNull();
    expect(dropEdit(model, { step: 1, on: onStep(1) })).toBeNull();
  });

  it("waits for it where steps say what they need, unless that would be a circle", () => {
    const model = file(step("a", ", needs: []") + step("b", ", needs: [a]") + step("c", ", needs: [b]"));
    expect(dropEdit(model, { step: 2, on: onStep(0) })).toEqual({ kind: "setNeeds", index: 2, needs: ["a"] });
    expect(dropEdit(model, { step: 2, on: chosenOf("triggers.0") })).toEqual({
      kind: "setNeeds",
      index: 2,
      needs: [],
    });
    expect(dropEdit(model, { step: 0, on: onStep(2) })).toBe("circle");
    expect(dropEdit(model, { step: 1, on: onStep(0) })).toBeNull();
  });
});
