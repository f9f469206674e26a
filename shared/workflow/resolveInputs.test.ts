import { expect, it } from "vitest";
import { resolveInputs } from "./resolveInputs.ts";
import type { Workflow } from "./schema.ts";

const declared: Workflow["inputs"] = {
  channel: { type: "choice", options: ["beta", "stable"], default: "beta" },
  count: { type: "number", default: 1 },
  dry: { type: "boolean", required: false },
  note: { type: "string", required: false },
  who: { type: "string" },
};

it("W35 what is not given has its default, or the empty value of its type", () => {
  expect(resolveInputs(declared, { who: "me" })).toEqual({
    channel: "beta",
    count: 1,
    dry: false,
    note: "",
    who: "me",
  });
});

it("W35 text becomes a number or truth value where one is declared", () => {
  expect(resolveInputs(declared, { who: "", count: "7.5", dry: "true" })).toMatchObject({
    count: 7.5,
    dry: true,
    who: "",
  });
});

it.each<[Record<string, unknown>, string]>([
  [{}, 'The input "who" is missing.'],
  [{ who: "me", chanel: "beta" }, 'The workflow has no input "chanel" (did you mean "channel"?).'],
  [{ who: "me", channel: "alpha" }, 'The input "channel" must be one of beta, stable, not "alpha".'],
  [{ who: "me", count: "seven" }, 'The input "count" must be a number, not "seven".'],
  [{ who: "me", count: "" }, "must be a number"],
  [{ who: "me", count: Number.NaN }, "must be a number"],
  [{ who: "me", dry: "yes" }, 'must be true or false, not "yes"'],
  [{ who: 3 }, "must be text, not 3"],
  [{ who: "me", toString: "x" }, 'no input "toString"'],
])("W35 %j is refused", (given, message) => {
  expect(() => resolveInputs(declared, given)).toThrow(message);
});
