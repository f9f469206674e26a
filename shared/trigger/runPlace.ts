import type { Value } from "../workflow/expressions.ts";
import type { TriggerEvent } from "./triggerEvent.ts";

/** What is known of the repository when an event is looked at. */
export interface Repository {
  defaultBranch: string;
  /** Commit of the default branch; null in an empty repository. */
  head: string | null;
}

export interface RunPlace {
  /** Commit whose workflow files are asked. */
  filesAt: string;
  /** What the runs are of. */
  ref: string;
  commit: string;
}

/**
 * Where an event's workflow files are read, and of which ref and commit its runs are. A push: of itself. A change's
 * event: of the change's head (when it was merged: of the base, at the merge), by the files of the default branch, so
 * that a change cannot alter the policy that judges it. All others: of the default branch.
 * Undefined when there is nothing to read: a branch was deleted, or the repository is empty.
 */
export function runPlaceOf(event: TriggerEvent, { defaultBranch, head }: Repository): RunPlace | undefined {
  const { branch, commit, pull_request: change } = event.payload;
  if (event.source === "repo" && event.event === "push") {
    if (!isCommit(commit)) return undefined;
    return { filesAt: commit, ref: typeof branch === "string" ? branch : defaultBranch, commit };
  }
  if (head === null) return undefined;
  const here = { filesAt: head, ref: defaultBranch, commit: head };
  if (event.source !== "repo" || !isRecord(change)) return here;
  if (change["merged"] === true && isCommit(change["mergedCommit"]) && typeof change["base"] === "string")
    return { filesAt: head, ref: change["base"], commit: change["mergedCommit"] };
  if (isCommit(change["headCommit"]) && typeof change["head"] === "string")
    return { filesAt: head, ref: change["head"], commit: change["headCommit"] };
  return here;
}

export interface DiffRange {
  /** undefined: nothing was there before, so every file is new. */
  base: string | undefined;
  head: string;
}

/** Between which commits the paths of an event changed, when its payload does not list them; undefined for other events. */
export function diffRangeOf(event: TriggerEvent, defaultBranch: string): DiffRange | undefined {
  const { payload } = event;
  if (event.source !== "repo" || Array.isArray(payload["paths"])) return undefined;
  if (event.event === "push") {
    if (!isCommit(payload["commit"])) return undefined;
    const before = isRecord(payload["push"]) ? payload["push"]["before"] : undefined;
    const isNew = !isCommit(before);
    const base = isNew ? (payload["branch"] === defaultBranch ? undefined : defaultBranch) : before;
    return { base, head: payload["commit"] };
  }
  const change = payload["pull_request"];
  if (!isRecord(change) || !isCommit(change["headCommit"]) || typeof change["base"] !== "string")
    return undefined;
  return { base: change["base"], head: change["headCommit"] };
}

/** Both names of what was renamed. */
export function changedPaths(files: readonly { path: string; oldPath?: string | undefined }[]): string[] {
  return [
    ...new Set(files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [oldPath, path]))),
  ];
}

function isCommit(value: Value | undefined): value is string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value) && !/^0+$/.test(value);
}

function isRecord(value: Value | undefined): value is Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
