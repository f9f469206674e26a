import * as fc from "fast-check";
import { expect, it } from "vitest";
import { subjectDiff } from "./subjectDiff.ts";

it("W141 shows what was approved before and is not there any more beside what is new", () => {
  const before = { target: "prod", files: 1, paths: ["index.html", "old.js"] };
  const now = { target: "prod", files: 2, paths: ["index.html", "more.html"], commit: "abc" };
  expect(subjectDiff(before, now)).toEqual([
    { key: "target", lines: [{ text: "prod", kind: "same" }] },
    {
      key: "files",
      lines: [
        { text: "1", kind: "removed" },
        { text: "2", kind: "added" },
      ],
    },
    {
      key: "paths",
      lines: [
        { text: "old.js", kind: "removed" },
        { text: "index.html", kind: "same" },
        { text: "more.html", kind: "added" },
      ],
    },
    { key: "commit", lines: [{ text: "abc", kind: "added" }] },
  ]);
});

it("W141 the same subject differs in nothing, and without one before nothing is marked", () => {
  const subject = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.array(fc.string())));
  fc.assert(
    fc.property(subject, (one) => {
      for (const before of [one, null])
        expect(
          subjectDiff(before, one)
            .flatMap((row) => row.lines)
            .every((line) => line.kind === "same"),
        ).toBe(true);
    }),
  );
});
