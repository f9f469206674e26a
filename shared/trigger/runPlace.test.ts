import { expect, test } from "vitest";
import { changedPaths, diffRangeOf, runPlaceOf } from "./runPlace.ts";
import { readTriggerEvent } from "./triggerEvent.ts";

const [head, before, after, zero] = ["a", "b", "c", "0"].map((digit) => digit.repeat(40));
const repository = { defaultBranch: "main", head: head! };
const change = {
  number: 1,
  head: "work",
  base: "main",
  headCommit: after,
  merged: false,
  mergedCommit: null,
};

test("W95 a push runs its own files at its commit; a deleted branch runs nothing", () => {
  const push = readTriggerEvent({ event: "push", branch: "work", commit: after });
  expect(runPlaceOf(push, repository)).toEqual({ filesAt: after, ref: "work", commit: after });
  for (const commit of [zero, undefined]) {
    const gone = {
      source: "repo",
      event: "push",
      payload: { branch: "work", ...(commit ? { commit } : {}) },
    };
    expect(runPlaceOf(gone as never, repository)).toBeUndefined();
  }
});

test("W95 a change runs at its head by the files of the default branch; once merged at the base", () => {
  const opened = readTriggerEvent({ event: "pull_request.opened", branch: "main", pull_request: change });
  expect(runPlaceOf(opened, repository)).toEqual({ filesAt: head, ref: "work", commit: after });
  const merged = { ...change, merged: true, mergedCommit: before };
  const event = readTriggerEvent({ event: "pull_request.merged", branch: "main", pull_request: merged });
  expect(runPlaceOf(event, repository)).toEqual({ filesAt: head, ref: "main", commit: before });
});

test("W95 everything else runs at the head of the default branch; an empty repository has nothing", () => {
  const hook = readTriggerEvent({ event: "webhook", name: "alert" });
  expect(runPlaceOf(hook, repository)).toEqual({ filesAt: head, ref: "main", commit: head });
  expect(runPlaceOf(hook, { ...repository, head: null })).toBeUndefined();
});

test("W82 paths that a payload leaves out are those between its commits", () => {
  const push = (payload: object) => diffRangeOf(readTriggerEvent({ event: "push", ...payload }), "main");
  expect(push({ branch: "work", commit: after, push: { before } })).toEqual({ base: before, head: after });
  expect(push({ branch: "work", commit: after, push: { before: zero } })).toEqual({
    base: "main",
    head: after,
  });
  expect(push({ branch: "main", commit: after })).toEqual({ base: undefined, head: after });
  expect(push({ branch: "main", commit: after, paths: [] })).toBeUndefined();
  const opened = readTriggerEvent({ event: "pull_request.opened", pull_request: change });
  expect(diffRangeOf(opened, "main")).toEqual({ base: "main", head: after });
  expect(diffRangeOf(readTriggerEvent({ event: "issue.opened" }), "main")).toBeUndefined();
  expect(changedPaths([{ path: "b", oldPath: "a" }, { path: "b" }])).toEqual(["a", "b"]);
});
