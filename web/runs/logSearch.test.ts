import { describe, expect, it } from "vitest";
import { appendLog, emptyLog, type StepLog } from "../../shared/run/stepLog.ts";
import { makeLogSearch } from "./logSearch.ts";

const withText = (log: StepLog, text: string) => appendLog(log, [{ stream: "out", text, at: 0 }]);

describe("searching a log", () => {
  it("finds lines whatever their case and colours, also in the unfinished one", () => {
    const log = withText(emptyLog, "one\n\u001b[31mERR\u001b[0mOR two\nthree\nfour err");
    expect(makeLogSearch().find(log, "error")).toEqual([1]);
    expect(makeLogSearch().find(log, "err")).toEqual([1, 3]);
    expect(makeLogSearch().find(log, "")).toEqual([]);
  });

  it("goes on where it was when the log grows, and starts over for other words or another log", () => {
    const search = makeLogSearch();
    const first = withText(emptyLog, "a 1\nb 1\na");
    expect(search.find(first, "a")).toEqual([0, 2]);
    const second = withText(first, " 2\na 3\n");
    expect(search.find(second, "a")).toEqual([0, 2, 3]);
    expect(search.find(second, "b")).toEqual([1]);
    expect(search.find(withText(emptyLog, "b\n"), "b")).toEqual([0]);
  });
});
