import type { Outputs } from "../api.ts";

export type ListedRun = Outputs["runs"]["list"]["items"][number];

/** Newest first; the id decides between two of one moment, as on the server. */
function byPlace(a: ListedRun, b: ListedRun): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

/**
 * A list of runs with its first page looked at anew: new runs come in at the top, known ones are replaced, what lies
 * below the page stays. Runs that should be on the page and are not do not match the filters any more, and go.
 * Null when so much is new that runs between the page and the list would be missing: the list must begin again.
 */
export function mergeRuns(
  list: readonly ListedRun[],
  first: { items: readonly ListedRun[]; nextCursor: string | null },
): ListedRun[] | null {
  const last = first.items.at(-1);
  if (last === undefined || first.nextCursor === null) return [...first.items];
  const known = new Set(list.map((run) => run.id));
  if (list.length > 0 && !first.items.some((run) => known.has(run.id))) return null;
  const below = list.filter((run) => byPlace(run, last) > 0);
  return [...first.items, ...below];
}
