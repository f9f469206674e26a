import type { CallerTransaction } from "./context.ts";
import { cursorOf, placeOf } from "./routers/runPages.ts";
import { listRuns, type RunFilter } from "./sql/listRuns.ts";
import type { RunPage } from "./views.ts";

/** One page of a list of runs, with where the next begins. */
export async function pageOfRuns(
  tx: CallerTransaction,
  of: { projectId: string } | { orgId: string },
  page: RunFilter & { cursor?: string | null | undefined; limit: number },
): Promise<RunPage> {
  const { cursor, limit, ...filter } = page;
  // One more than asked for shows whether there is a next page.
  const runs = await listRuns(tx, of, { filter, after: placeOf(cursor), limit: limit + 1 });
  const items = runs.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: runs.length > limit && last !== undefined ? cursorOf(last) : null };
}
