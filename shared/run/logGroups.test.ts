import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appendLog, emptyLog, lineCount, type StepLog } from "./stepLog.ts";
import { logRows, makeLogGroups } from "./logGroups.ts";

const withText = (log: StepLog, text: string) => appendLog(log, [{ stream: "out", text, at: 0 }]);

const log = withText(emptyLog, "a\n::group::Install\nb\nc\n::endgroup::\nd\n##[group]Test\ne\n");

describe("groups of a log", () => {
  it("are found as the log grows, and a new one ends the last", () => {
    const groups = makeLogGroups();
    expect(groups.read(log)).toEqual([
      { start: 1, end: 4, title: "Install" },
      { start: 6, end: null, title: "Test" },
    ]);
    expect(groups.read(withText(log, "::group::Build\n"))).toEqual([
      { start: 1, end: 4, title: "Install" },
      { start: 6, end: 7, title: "Test" },
      { start: 8, end: null, title: "Build" },
    ]);
  });

  it("show their title only when folded, and never their end marker", () => {
    const groups = makeLogGroups().read(log);
    const shown = (folded: number[]) => {
      const rows = logRows(lineCount(log), groups, new Set(folded));
      return Array.from({ length: rows.count }, (_, row) => rows.lineOf(row));
    };
    expect(shown([])).toEqual([0, 1, 2, 3, 5, 6, 7]);
    expect(shown([1])).toEqual([0, 1, 5, 6, 7]);
    expect(shown([1, 6])).toEqual([0, 1, 5, 6]);
  });

  it("give every row one line and every shown line its row back, for any log and folding", () => {
    const line = fc.constantFrom("x", "::group::g", "::endgroup::");
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 40 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        (lines, folds) => {
          const any = withText(emptyLog, lines.map((text) => `${text}\n`).join(""));
          const groups = makeLogGroups().read(any);
          const folded = new Set(groups.filter((_, index) => folds[index]).map((group) => group.start));
          const rows = logRows(lineCount(any), groups, folded);
          const shown = Array.from({ length: rows.count }, (_, row) => rows.lineOf(row));
          expect(new Set(shown).size).toBe(rows.count);
          expect(shown.every((at) => at < lineCount(any))).toBe(true);
          expect(shown.map((at) => rows.rowOf(at))).toEqual(shown.map((_, row) => row));
        },
      ),
    );
  });
});
