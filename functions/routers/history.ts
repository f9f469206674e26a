import { z } from "zod";
import { openRun } from "../openRun.ts";
import { forgeOf } from "../forgeOf.ts";
import { artifactChain } from "../sql/artifactChain.ts";
import { comparableRun } from "../sql/comparableRun.ts";
import { findInLog, logPages } from "../sql/logPages.ts";
import { requireProject } from "../sql/requireProject.ts";
import { requireRun } from "../sql/requireRun.ts";
import { eventsWithoutLog, logHeaders } from "../sql/runOutline.ts";
import { searchLogs } from "../sql/searchLogs.ts";
import { procedure, router } from "../trpc.ts";
import type { ChainLink, ComparableRun, LogHit, LogPage, OpenedRun, RunOutline } from "../historyViews.ts";
import type { Diff } from "../views.ts";
import { commitSha, id } from "./inputs.ts";

const stepOfRun = { runId: id, stepId: z.string().min(1).max(200) };
/** Of one answer; a page is at most 256 kB of text. */
const pagesPerAnswer = 8;
const foundPerLog = 10_000;

/** Runs that have ended, as they are looked at later: outline, pages of logs, search, what came of what. */
export const historyRouter = router({
  /** What the page of a run begins with, in one answer. */
  open: procedure
    .input(
      z.strictObject({
        org: z.string().max(64),
        project: z.string().max(64),
        number: z.int().positive(),
        step: z.string().min(1).max(200).nullable().default(null),
        line: z.int().positive().nullable().default(null),
      }),
    )
    .query(({ ctx, input }): Promise<OpenedRun> => openRun(ctx, input)),
  /** All of an ended run but its log. */
  outline: procedure.input(z.strictObject({ runId: id })).query(({ ctx, input }): Promise<RunOutline> =>
    ctx.asCaller(async (tx) => {
      await requireRun(tx, input.runId);
      return {
        events: await eventsWithoutLog(tx, input.runId),
        logs: await logHeaders(tx, input.runId),
      };
    }),
  ),
  /** Pages of a step's log around the lines asked for, counted from 0; fewer when they are many. */
  logPages: procedure
    .input(z.strictObject({ ...stepOfRun, from: z.int().min(0), to: z.int().min(0) }))
    .query(({ ctx, input }): Promise<LogPage[]> =>
      ctx.asCaller(async (tx) => {
        await requireRun(tx, input.runId);
        return logPages(tx, { ...input, limit: pagesPerAnswer });
      }),
    ),
  /** Which lines of a step's log hold the words, counted from 0; the first ten thousand. */
  findInLog: procedure
    .input(z.strictObject({ ...stepOfRun, words: z.string().min(1).max(200) }))
    .query(({ ctx, input }): Promise<number[]> =>
      ctx.asCaller(async (tx) => {
        await requireRun(tx, input.runId);
        return findInLog(tx, { ...input, limit: foundPerLog });
      }),
    ),
  /** Lines of the logs of a project's ended runs, newest first. */
  searchLogs: procedure
    .input(
      z.strictObject({
        projectId: id,
        words: z.string().trim().min(3).max(200),
        /** `nextCursor` of the answer before. */
        cursor: z.int().min(1).nullish(),
        limit: z.int().min(1).max(50).default(20),
      }),
    )
    .query(({ ctx, input }): Promise<{ items: LogHit[]; nextCursor: number | null }> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        const { cursor, ...asked } = input;
        const hits = await searchLogs(tx, { ...asked, before: cursor ?? null });
        const pages = new Set(hits.map((hit) => hit.pageId));
        return {
          items: hits,
          nextCursor: pages.size === input.limit ? Math.min(...pages) : null,
        };
      }),
    ),
  /** What a comparison of runs reads of one. */
  comparable: procedure
    .input(z.strictObject({ projectId: id, number: z.int().positive() }))
    .query(({ ctx, input }): Promise<ComparableRun> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        return comparableRun(tx, input.projectId, input.number);
      }),
    ),
  /** What lies between the commits of two runs; the forge decides whether the caller may see them. */
  commitDiff: procedure
    .input(z.strictObject({ projectId: id, base: commitSha, head: commitSha }))
    .query(async ({ ctx, input }): Promise<Diff> => {
      await ctx.asCaller((tx) => requireProject(tx, input.projectId));
      return forgeOf(ctx, input.projectId).diff(input.base, input.head);
    }),
  /** Artifacts that belong together with those of a run, also of other runs. */
  chain: procedure.input(z.strictObject({ runId: id })).query(({ ctx, input }): Promise<ChainLink[]> =>
    ctx.asCaller(async (tx) => {
      await requireRun(tx, input.runId);
      return artifactChain(tx, input.runId);
    }),
  ),
});
