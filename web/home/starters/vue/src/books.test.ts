import assert from "node:assert/strict";
import { test } from "node:test";
import { progress } from "./books.ts";

test("counts what was read", () => {
  assert.equal(progress([{ title: "A", read: true }, { title: "B", read: false }]), "1 of 2 read");
  assert.equal(progress([]), "0 of 0 read");
});
