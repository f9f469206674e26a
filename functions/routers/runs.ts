import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import { runStatuses, type StoredRunEvent } from "../../shared/run/events.ts";
import type { Run, RunSummary } from "../views.ts";
import { id, ref, repoPath } from "./inputs.ts";
import { CoderError } from "../../shared/errors.ts";
import { signArtifactUrl } from "../signArtifactUrl.ts";
import { cancelRun } from "../sql/cancelRun.ts";
import { eventsAfter } from "../sql/eventsAfter.ts";
import { findArtifact } from "../sql/findArtifact.ts";
import { listRuns } from "../sql/listRuns.ts";
import { plannedSteps } from "../sql/plannedSteps.ts";
import { readRun } from "../sql/readRun.ts";
import { requireProject } from "../sql/requireProject.ts";
import { requireRun } from "../sql/requireRun.ts";
import { startRun } from "../sql/startRun.ts";
import { startWorkflowRun } from "../startWorkflowRun.ts";

export const runsRouter = router({
  start: procedure
    .input(
      z.strictObject({
        id,
        projectId: id,
        workflowPath: repoPath,
        /** Default: the default branch. */
        ref: ref.optional(),
        inputs: z.record(z.string(), z.json()).default({}),
        dryRun: z.boolean().default(false),
      }),
    )
    .mutation(async ({ ctx, input }): Promise<{ number: number }> => {
      return { number: await startWorkflowRun(ctx, input) };
    }),
  list: procedure
    .input(
      z.strictObject({
        projectId: id,
        status: z.enum(runStatuses).optional(),
        workflowPath: z.string().max(1024).optional(),
        /** `nextCursor` of the page before. */
        cursor: z
          .string()
          .regex(/^\d{1,9}$/)
          .nullish(),
        limit: z.int().min(1).max(100).default(30),
      }),
    )
    .query(({ ctx, input }): Promise<{ items: RunSummary[]; nextCursor: string | null }> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        const { cursor, limit, ...filter } = input;
        const before = cursor === null || cursor === undefined ? undefined : Number(cursor);
        // One more than asked for shows whether there is a next page.
        const runs = await listRuns(tx, { ...filter, before, limit: limit + 1 });
        const items = runs.slice(0, limit);
        const last = items.at(-1);
        return { items, nextCursor: runs.length > limit && last !== undefined ? String(last.number) : null };
      }),
    ),
  get: procedure
    .input(z.strictObject({ projectId: id, number: z.int().positive() }))
    .query(async ({ ctx, input }): Promise<Run> => {
      const run = await ctx.asCaller((tx) => readRun(tx, input.projectId, input.number));
      if (run === undefined)
        throw new CoderError("not_found", `There is no run ${input.number} in this project`);
      return run;
    }),
  eventsAfter: procedure
    .input(
      z.strictObject({
        runId: id,
        afterSeq: z.int().min(0),
        limit: z.int().min(1).max(1000).default(500),
      }),
    )
    .query(({ ctx, input }): Promise<StoredRunEvent[]> =>
      ctx.asCaller(async (tx) => {
        await requireRun(tx, input.runId);
        return eventsAfter(tx, input);
      }),
    ),
  cancel: procedure.input(z.strictObject({ runId: id })).mutation(({ ctx, input }): Promise<{ ok: true }> =>
    ctx.asCaller(async (tx) => {
      await cancelRun(tx, input.runId);
      return { ok: true };
    }),
  ),
  rerun: procedure
    .input(z.strictObject({ id, runId: id }))
    .mutation(({ ctx, input }): Promise<{ number: number }> =>
      ctx.asCaller(async (tx) => {
        const { number: _, status: __, ...original } = await requireRun(tx, input.runId);
        const steps = await plannedSteps(tx, original.id);
        const rerun = { ...original, id: input.id, trigger: "rerun", steps, rerunOf: original.id };
        return { number: await startRun(tx, rerun) };
      }),
    ),
  artifactUrl: procedure
    .input(z.strictObject({ artifactId: id }))
    .query(async ({ ctx, input }): Promise<{ url: string }> => {
      const artifact = await ctx.asCaller((tx) => findArtifact(tx, { id: input.artifactId }));
      if (artifact === undefined)
        throw new CoderError("not_found", "There is no such artifact, or you may not see it");
      return { url: await signArtifactUrl(ctx.deps, ctx.storageToken, artifact) };
    }),
});
