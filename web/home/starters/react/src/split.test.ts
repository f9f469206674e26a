import assert from "node:assert/strict";
import { test } from "node:test";
import { split } from "./split.ts";

test("adds the tip and splits evenly", () => {
  assert.deepEqual(split(10_000, 20, 3), [4000, 4000, 4000]);
});

test("no cent is lost", () => {
  assert.deepEqual(split(1000, 0, 3), [334, 333, 333]);
  assert.deepEqual(split(1000, 0, 0), []);
});
