import { describe, expect, it } from "vitest";
import { initialInputs, readInputs } from "./inputs.ts";

const input = (name: string, type: "string" | "number" | "boolean" | "choice", more: object = {}) => ({
  name,
  type,
  description: null,
  required: false,
  default: null,
  options: [],
  ...more,
});

describe("inputs of a workflow", () => {
  const inputs = [
    input("channel", "choice", { options: ["beta", "stable"] }),
    input("count", "number", { default: 3 }),
    input("draft", "boolean", { default: true }),
    input("note", "string"),
    input("title", "string", { required: true }),
  ];

  it("start with their defaults, choices with their first option", () => {
    expect(initialInputs(inputs)).toEqual({
      channel: "beta",
      count: "3",
      draft: "true",
      note: "",
      title: "",
    });
  });

  it("are read with their types, and empty optional ones left out", () => {
    const read = readInputs(inputs, { ...initialInputs(inputs), title: "Hi", draft: "false" });
    expect(read).toEqual({ values: { channel: "beta", count: 3, draft: false, title: "Hi" }, errors: {} });
  });

  it("name what is wrong", () => {
    const read = readInputs(inputs, { ...initialInputs(inputs), count: "three" });
    expect(Object.keys(read.errors).sort()).toEqual(["count", "title"]);
  });
});
