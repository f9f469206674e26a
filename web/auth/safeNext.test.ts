import { describe, expect, it } from "vitest";
import { safeNext } from "./safeNext.ts";

describe("where to go after signing in", () => {
  it.each([
    ["/acme/shop/runs/42?step=test#L120", "/acme/shop/runs/42?step=test#L120"],
    [undefined, "/"],
    ["https://evil.example", "/"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["/signin?next=/signin", "/"],
  ])("%s leads to %s", (next, path) => {
    expect(safeNext(next)).toBe(path);
  });
});
