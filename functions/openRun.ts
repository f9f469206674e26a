import { CoderError } from "../shared/errors.ts";
import type { CallerTransaction } from "./context.ts";
import type { OpenedRun } from "./historyViews.ts";
import { findProjectBySlugs } from "./sql/findProjectBySlugs.ts";
import { logPages } from "./sql/logPages.ts";
import { readRun } from "./sql/readRun.ts";
import { eventsWithoutLog, logHeaders } from "./sql/runOutline.ts";
import { stepOfInterest } from "../shared/run/stepOfInterest.ts";

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

/** Everything that the page of a run begins with, in one answer: of an ended run also the lines that are seen first. */
export async function openRun(tx: CallerTransaction, address: RunAddress): Promise<OpenedRun> {
  const projectId = await findProjectBySlugs(tx, address.org, address.project);
  const run = projectId === undefined ? undefined : await readRun(tx, projectId, address.number);
  if (run === undefined)
    throw new CoderError("not_found", `There is no run ${address.number} in this project`);
  if (run.logs === "events") return { run, outline: null, first: null };
  const outline = { events: await eventsWithoutLog(tx, run.id), logs: await logHeaders(tx, run.id) };
  const stepId = address.step ?? stepOfInterest(run.steps)?.id;
  if (stepId === undefined) return { run, outline, first: null };
  const at = Math.max(0, (address.line ?? 1) - 1);
  const lines = { from: Math.max(0, at - screenful), to: at + screenful };
  return {
    run,
    outline,
    first: { stepId, pages: await logPages(tx, { runId: run.id, stepId, ...lines, limit: 2 }) },
  };
}
