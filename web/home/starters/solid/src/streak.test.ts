import assert from "node:assert/strict";
import { test } from "node:test";
import { streak } from "./streak.ts";

test("counts back from today", () => {
  assert.equal(streak([true, false, true, true]), 2);
  assert.equal(streak([true, true]), 2);
  assert.equal(streak([true, false]), 0);
  assert.equal(streak([]), 0);
});
