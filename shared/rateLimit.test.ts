import { expect, test } from "vitest";
import { makeRateLimit } from "./rateLimit.ts";

test("gives the burst, then one for each that has come back, to every key on its own", () => {
  let now = 0;
  const limit = makeRateLimit({ burst: 3, perSecond: 1, now: () => now });
  expect([1, 2, 3, 4].map(() => limit.take("a"))).toEqual([true, true, true, false]);
  expect(limit.take("b")).toBe(true);
  now = 999;
  expect(limit.take("a")).toBe(false);
  now = 2000;
  expect([limit.take("a"), limit.take("a"), limit.take("a")]).toEqual([true, true, false]);
  now = 1_000_000;
  expect([1, 2, 3, 4].map(() => limit.take("a"))).toEqual([true, true, true, false]);
});
