import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import { runStatuses, type StoredRunEvent } from "../../shared/run/events.ts";
import type { Run, RunSummary } from "../views.ts";
import { id, ref, repoPath } from "./inputs.ts";
import { notYet } from "./notYet.ts";

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
    .mutation((): Promise<{ number: number }> => notYet()),
  list: procedure
    .input(
      z.strictObject({
        projectId: id,
        status: z.enum(runStatuses).optional(),
        workflowPath: z.string().max(1024).optional(),
        cursor: z.string().max(200).nullish(),
        limit: z.int().min(1).max(100).default(30),
      }),
    )
    .query((): Promise<{ items: RunSummary[]; nextCursor: string | null }> => notYet()),
  get: procedure
    .input(z.strictObject({ projectId: id, number: z.int().positive() }))
    .query((): Promise<Run> => notYet()),
  eventsAfter: procedure
    .input(
      z.strictObject({
        runId: id,
        afterSeq: z.int().min(0),
        limit: z.int().min(1).max(1000).default(500),
      }),
    )
    .query((): Promise<StoredRunEvent[]> => notYet()),
  cancel: procedure.input(z.strictObject({ runId: id })).mutation((): Promise<{ ok: true }> => notYet()),
  rerun: procedure
    .input(z.strictObject({ id, runId: id }))
    .mutation((): Promise<{ number: number }> => notYet()),
  artifactUrl: procedure
    .input(z.strictObject({ artifactId: id }))
    .query((): Promise<{ url: string }> => notYet()),
});
