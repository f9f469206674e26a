import { describe, expect, test } from "vitest";
import { runAddress } from "./runAddress.ts";

const at = (path: string) => runAddress(new URL(path, "http://localhost"));

describe("runAddress", () => {
  test("reads the run, its step and its line", () => {
    const run = { org: "acme", project: "shop", number: 42 };
    expect(at("/acme/shop/runs/42?step=test#L120")).toEqual({ ...run, step: "test", line: 120 });
    expect(at("/acme/shop/runs/42")).toEqual({ ...run, step: null, line: null });
    expect(at("/%C3%A4/shop/runs/1?step=#L0")).toEqual({
      org: "ä",
      project: "shop",
      number: 1,
      step: null,
      line: null,
    });
  });

  test("is null for other pages", () => {
    for (const path of [
      "/",
      "/acme/shop",
      "/acme/runs/1",
      "/acme/shop/runs",
      "/acme/shop/runs/0",
      "/acme/shop/runs/x",
      "/acme/shop/runs/1/compare",
      "/%E0%A4%A/shop/runs/1",
    ])
      expect([path, at(path)]).toEqual([path, null]);
  });
});
