import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { StoredRunEvent } from "../../shared/run/events.ts";
import type { Run, RunPage } from "../views.ts";
import { id, ref, repoPath } from "./inputs.ts";
import { runFilter } from "./runPages.ts";
import { CoderError } from "../../shared/errors.ts";
import { rerunRun } from "../rerunRun.ts";
import { signArtifactUrl } from "../signArtifactUrl.ts";
import { cancelRun } from "../sql/cancelRun.ts";
import { eventsAfter } from "../sql/eventsAfter.ts";
import { findArtifact } from "../sql/findArtifact.ts";
import { readRun } from "../sql/readRun.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { requireProject } from "../sql/requireProject.ts";
import { requireRun } from "../sql/requireRun.ts";
import { pageOfRuns } from "../pageOfRuns.ts";
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
    .input(z.strictObject({ projectId: id, ...runFilter }))
    .query(({ ctx, input }): Promise<RunPage> =>
      ctx.asCaller(async (tx) => {
        const { projectId, ...page } = input;
        await requireProject(tx, projectId);
        return pageOfRuns(tx, { projectId }, page);
      }),
    ),
  /** The runs of all projects of an organisation. */
  listOfOrg: procedure
    .input(z.strictObject({ orgId: id, ...runFilter }))
    .query(({ ctx, input }): Promise<RunPage> =>
      ctx.asCaller(async (tx) => {
        const { orgId, ...page } = input;
        await requireOrgRole(tx, { orgId, userId: ctx.userId, atLeast: "viewer" });
        return pageOfRuns(tx, { orgId }, page);
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
    .input(z.strictObject({ id, runId: id, from: z.enum(["all", "failed"]).default("all") }))
    .mutation(async ({ ctx, input }): Promise<{ number: number }> => ({
      number: await rerunRun(ctx, input),
    })),
  artifactUrl: procedure
    .input(z.strictObject({ artifactId: id }))
    .query(async ({ ctx, input }): Promise<{ url: string }> => {
      const artifact = await ctx.asCaller((tx) => findArtifact(tx, { id: input.artifactId }));
      if (artifact === undefined)
        throw new CoderError("not_found", "There is no such artifact, or you may not see it");
      return { url: await signArtifactUrl(ctx.deps, ctx.storageToken, artifact) };
    }),
});
