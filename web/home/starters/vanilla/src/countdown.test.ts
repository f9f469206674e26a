import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, secondsLeft } from "./countdown.ts";

test("counts down and stops at zero", () => {
  assert.equal(secondsLeft(1500, 0), 1500);
  assert.equal(secondsLeft(1500, 1001), 1499);
  assert.equal(secondsLeft(1500, 9_999_999), 0);
});

test("shows minutes and seconds", () => {
  assert.equal(clock(1500), "25:00");
  assert.equal(clock(61), "1:01");
  assert.equal(clock(0), "0:00");
});
