import { describe, expect, it } from "vitest";
import { lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { fieldText, fieldValue, newStep, stepFields, stepKinds } from "./stepFields.ts";

const fieldOf = (type: string, key: string) => stepFields(type).find((field) => field.key === key)!;

describe("the form of a step", () => {
  it("has a field for every key of every kind, with a hint", () => {
    expect(stepKinds().map((kind) => kind.type)).toEqual([
      "agent", "command", "pull_request", "deploy", "approve", "release", "notify",
    ]); // prettier-ignore
    for (const { type } of stepKinds())
      for (const field of stepFields(type))
        expect({ key: field.key, hint: field.hint }).not.toMatchObject({ hint: "" });
    expect(
      stepFields("command")
        .slice(0, 2)
        .map((field) => field.key),
    ).toEqual(["name", "command"]);
    expect(fieldOf("agent", "role")).toMatchObject({ control: "choice", required: true });
    expect(fieldOf("command", "env").control).toBe("pairs");
    expect(fieldOf("command", "timeout_sec").control).toBe("number");
    expect(fieldOf("pull_request", "draft").control).toBe("boolean");
    expect(fieldOf("pull_request", "reviewers").control).toBe("lines");
    expect(fieldOf("command", "if").control).toBe("text");
    expect(fieldOf("command", "reports").control).toBe("yaml");
  });

  it("a new step of any kind is right as it is", () => {
    for (const { type } of stepKinds()) {
      const file = { name: "x", triggers: [{ type: "manual" }], steps: [newStep(type)] };
      expect({ type, problems: lintWorkflow(JSON.stringify(file), { path: "w.json" }) }).toEqual({
        type,
        problems: [],
      });
    }
  });

  it("what a field shows means the same when it is read", () => {
    const env = fieldOf("command", "env");
    expect(fieldValue(env, fieldText(env, { A: "1=2", B: "x" }))).toEqual({ A: "1=2", B: "x" });
    expect(() => fieldValue(env, "nothing")).toThrow(/NAME=value/);
    const reviewers = fieldOf("pull_request", "reviewers");
    expect(fieldValue(reviewers, fieldText(reviewers, ["a", "b"]))).toEqual(["a", "b"]);
    expect(fieldValue(fieldOf("command", "timeout_sec"), "60")).toBe(60);
    expect(() => fieldValue(fieldOf("command", "timeout_sec"), "soon")).toThrow(/not a number/);
    expect(fieldValue(env, " ")).toBeUndefined();
  });
});
