import { expect, test } from "vitest";
import { creditsInWords, estimateOf } from "./estimate.ts";

const estimate = (credits: object | undefined) =>
  estimateOf({ kind: "metrics", name: "estimate", data: { runs: 0, ...(credits && { credits }) } })!;

test("W277 an estimate says what is likely, the most, and what the budget does", () => {
  const likely = { median: 1.2, low: 1, high: 1.5 };
  expect(creditsInWords(estimate({ worst: 15, likely, budget: null }))).toBe(
    "about 1.2 cr (1 to 1.5), at most 15 cr",
  );
  expect(creditsInWords(estimate({ worst: 15, likely: null, budget: 10 }))).toBe(
    "at most 15 cr; what would pass max_credits (10 cr) is refused",
  );
  expect(creditsInWords(estimate({ worst: 15, likely: null, budget: 20 }))).toBe(
    "at most 15 cr; max_credits is 20 cr",
  );
  expect(creditsInWords(estimate(undefined))).toBeNull();
});

test("W277 what is no estimate is not taken for one", () => {
  expect(estimateOf({ kind: "metrics", name: "other", data: { runs: 1 } })).toBeUndefined();
  expect(estimateOf({ kind: "metrics", name: "estimate", data: { passed: 1 } })).toBeUndefined();
});
