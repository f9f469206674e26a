import { describe, expect, test } from "vitest";
import { median, quantile, toTable } from "./measure.ts";

describe("measure", () => {
  test("quantiles are by nearest rank", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95)).toBe(10);
    expect(quantile([5], 0.5)).toBe(5);
    expect(() => median([])).toThrow("No samples");
  });

  test("a missed target is marked", () => {
    const table = toTable([
      { name: "a", unit: "ms", samples: [5], target: 4 },
      { name: "b", unit: "ms", samples: [5], target: 6, reference: { name: "plain", samples: [10] } },
    ]);
    expect(table).toContain("| a | 5.00 ms | 5.00 | 1 | ✗ < 4 ms |");
    expect(table).toContain("| ✓ < 6 ms | 10.0 ms (plain) | 0.50 |");
  });
});
