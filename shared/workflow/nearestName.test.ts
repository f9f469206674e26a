import * as fc from "fast-check";
import { expect, it } from "vitest";
import { editDistance, nameHint, nearestName } from "./nearestName.ts";

it("W4 the nearest name is found through typing mistakes, and nothing is guessed from afar", () => {
  const names = ["steps", "triggers", "allowed_paths"];
  expect(nearestName("setps", names)).toBe("steps");
  expect(nearestName("Trigger", names)).toBe("triggers");
  expect(nearestName("allowedPaths", names)).toBe("allowed_paths");
  expect(nearestName("banana", names)).toBeUndefined();
  expect(nearestName("b", ["a"])).toBeUndefined();
  expect(nameHint("banana", names)).toBe("known: steps, triggers, allowed_paths");
  expect(nameHint("banana", [])).toBeUndefined();
});

it("W4 edit distance is a distance", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b, 20);
      expect(distance).toBe(editDistance(b, a, 20));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(editDistance(a, b, 1)).toBe(Math.min(distance, 2));
    }),
  );
});
