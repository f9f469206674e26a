import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandCost, formatCredits, readPrice, toMillicredits } from "./credits.ts";

describe("toMillicredits", () => {
  test("W270 is exact for every amount with at most three decimals", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (millicredits) => {
        expect(toMillicredits(Number((millicredits / 1000).toFixed(3)))).toBe(millicredits);
      }),
    );
  });

  test("W270 a budget is never rounded up", () => {
    expect([0.0005, 0.0019, 1.2349].map(toMillicredits)).toEqual([0, 1, 1234]);
  });
});

describe("commandCost", () => {
  test("W270 is a whole number, at least what the time costs and less than one more", () => {
    const price = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000 }), price, (ms, commandMinute) => {
        const cost = commandCost(ms, { commandMinute });
        const exact = BigInt(ms) * BigInt(commandMinute);
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(BigInt(cost) * 60_000n >= exact && (BigInt(cost) - 1n) * 60_000n < exact).toBe(true);
      }),
    );
  });

  test("W276 costs nothing without a price", () => {
    expect(commandCost(1e12, { commandMinute: 0 })).toBe(0);
  });
});

test("a price is read to the millicredit, and anything else is refused by its name", () => {
  expect(["0", "0.25", "12.5", " 3 "].map((text) => readPrice(text, "P"))).toEqual([0, 250, 12_500, 3000]);
  for (const text of ["", "-1", "1e3", "0.0001", "1,5", "free", "1000001"])
    expect(() => readPrice(text, "P")).toThrow(`P is "${text}"; set it to credits`);
});

test("credits are shown to the last millicredit, without zeros behind", () => {
  expect([0, 1, 400, 1250, 1_250_000, 12_300].map(formatCredits)).toEqual([
    "0 cr",
    "0.001 cr",
    "0.4 cr",
    "1.25 cr",
    "1,250 cr",
    "12.3 cr",
  ]);
});
