import { CoderError } from "../shared/errors.ts";
import { cutPage } from "../shared/run/packedLog.ts";
import { stepOfInterest } from "../shared/run/stepOfInterest.ts";
import type { SignedIn } from "./context.ts";
import type { OpenedRun } from "./historyViews.ts";
import { listProjects } from "./sql/listProjects.ts";
import { logPages } from "./sql/logPages.ts";
import { readRun } from "./sql/readRun.ts";
import { eventsWithoutLog, logHeaders } from "./sql/runOutline.ts";
import { withPreview } from "./withPreview.ts";

export interface RunAddress {
  org: string;
  project: string;
  number: number;
  /** Whose log the page shows; null for the one of interest. */
  step: string | null;
  /** From 1: the line that it shows; null for the first. */
  line: number | null;
}

/** Lines that fill a screen with some to spare. */
const screenful = 150;

/**
 * Everything that the page of a run begins with, in one answer: the project, the run, and of an ended run its outline and
 * the lines that are seen first.
 */
export function openRun(caller: SignedIn, address: RunAddress): Promise<OpenedRun> {
  return caller.asCaller(async (tx) => {
    const [row] = await listProjects(tx, caller.userId, { orgSlug: address.org, slug: address.project });
    const run = row === undefined ? undefined : await readRun(tx, row.id, address.number);
    if (row === undefined || run === undefined)
      throw new CoderError("not_found", `There is no run ${address.number} in this project`);
    const project = withPreview(caller.deps, row);
    if (run.logs === "events") return { project, run, outline: null, first: null };
    const stepId = address.step ?? stepOfInterest(run.steps)?.id;
    const at = Math.max(0, (address.line ?? 1) - 1);
    const lines = { from: Math.max(0, at - screenful), to: at + screenful };
    // Sent one after the other without waiting in between: they are answered in one go.
    const [events, logs, pages] = await Promise.all([
      eventsWithoutLog(tx, run.id),
      logHeaders(tx, run.id),
      stepId === undefined ? [] : logPages(tx, { runId: run.id, stepId, ...lines, limit: 2 }),
    ]);
    // Whole pages would make the answer ten times as long.
    const seen = pages.map((page) => cutPage(page, lines.from, lines.to));
    return {
      project,
      run,
      outline: { events, logs },
      first: stepId === undefined ? null : { stepId, pages: seen },
    };
  });
}
