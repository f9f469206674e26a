import { describe, expect, test } from "vitest";
import { CoderError } from "../errors.ts";
import type { WorkflowInput } from "./schema.ts";
import { resolveInputs } from "./resolveInputs.ts";

const asked: Record<string, WorkflowInput> = {
  channel: { type: "choice", options: ["beta", "stable"], default: "beta" },
  count: { type: "number", default: 3 },
  title: { type: "string", required: true },
  force: { type: "boolean" },
};

function problems(given: Parameters<typeof resolveInputs>[1]): unknown {
  try {
    resolveInputs(asked, given);
  } catch (error) {
    if (error instanceof CoderError && error.code === "bad_input") return error.details;
    throw error;
  }
  return undefined;
}

describe("W38 the inputs of a run", () => {
  test("defaults fill what was not given; optional inputs without one stay away", () => {
    expect(resolveInputs(asked, { title: "x" })).toEqual({ channel: "beta", count: 3, title: "x" });
    expect(resolveInputs(asked, { title: "x", count: 0, force: false })).toMatchObject({
      count: 0,
      force: false,
    });
  });

  test("every wrong input is named at once", () => {
    expect(problems({ channel: "nightly", count: "3", other: 1 })).toEqual({
      inputs: [
        { name: "other", message: "is not an input of this workflow" },
        { name: "channel", message: "must be one of beta, stable" },
        { name: "count", message: "must be a number" },
        { name: "title", message: "is required" },
      ],
    });
  });

  test("names that every object inherits are no inputs", () => {
    expect(problems(JSON.parse('{"title":"x","__proto__":1,"toString":2}'))).toEqual({
      inputs: [
        { name: "__proto__", message: "is not an input of this workflow" },
        { name: "toString", message: "is not an input of this workflow" },
      ],
    });
  });

  test("null is the same as not given", () => {
    expect(resolveInputs(asked, { title: "x", channel: null })).toEqual({ count: 3, title: "x" });
    expect(problems({ title: null })).toEqual({ inputs: [{ name: "title", message: "is required" }] });
  });
});
