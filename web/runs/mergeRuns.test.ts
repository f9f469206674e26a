import { describe, expect, test } from "vitest";
import { mergeRuns, type ListedRun } from "./mergeRuns.ts";

const run = (number: number, status: ListedRun["status"] = "succeeded") =>
  ({
    id: `id-${number}`,
    number,
    status,
    createdAt: `2026-01-01T00:00:${String(number).padStart(2, "0")}Z`,
  }) as ListedRun;
const list = (...numbers: number[]) => numbers.map((number) => run(number));
const numbers = (runs: ListedRun[] | null) => runs?.map((each) => each.number) ?? null;

describe("mergeRuns", () => {
  test("W160 new runs come in at the top, changed ones are replaced, what lies below stays", () => {
    const first = { items: [run(6), run(5, "failed"), run(4)], nextCursor: "x" };
    const merged = mergeRuns(list(5, 4, 3, 2), first);
    expect(numbers(merged)).toEqual([6, 5, 4, 3, 2]);
    expect(merged![1]!.status).toBe("failed");
  });

  test("W160 a run that no longer matches the filters goes", () => {
    expect(numbers(mergeRuns(list(5, 4, 3, 2), { items: list(5, 3), nextCursor: "x" }))).toEqual([5, 3, 2]);
  });

  test("W160 with more new runs than a page the list begins again", () => {
    expect(mergeRuns(list(3, 2), { items: list(9, 8), nextCursor: "x" })).toBeNull();
  });

  test("a page that is all there is replaces the list", () => {
    expect(numbers(mergeRuns(list(3, 2), { items: list(9), nextCursor: null }))).toEqual([9]);
    expect(mergeRuns(list(3), { items: [], nextCursor: null })).toEqual([]);
  });
});
