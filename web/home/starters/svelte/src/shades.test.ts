import assert from "node:assert/strict";
import { test } from "node:test";
import { shades } from "./shades.ts";

test("goes from light to dark", () => {
  assert.deepEqual(shades(200, 2), ["oklch(0.95 0.12 200)", "oklch(0.25 0.12 200)"]);
  assert.equal(shades(10, 6).length, 6);
});
