import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import { Buffer } from "node:buffer";
import { forgeOf } from "../forgeOf.ts";
import type { FilesAt, LogEntry, Refs, TreeEntry } from "../views.ts";
import { commitSha, fileEdits, id, ref, repoPath } from "./inputs.ts";

export const filesRouter = router({
  refs: procedure
    .input(z.strictObject({ projectId: id }))
    .query(({ ctx, input }): Promise<Refs> => forgeOf(ctx, input.projectId).refs()),
  tree: procedure
    .input(z.strictObject({ projectId: id, ref }))
    .query(({ ctx, input }): Promise<{ commit: string; entries: TreeEntry[] }> =>
      forgeOf(ctx, input.projectId).tree(input.ref),
    ),
  read: procedure
    .input(z.strictObject({ projectId: id, ref, path: repoPath }))
    .query(async ({ ctx, input }): Promise<{ content: string }> => {
      const bytes = await forgeOf(ctx, input.projectId).blob(input.ref, input.path);
      return { content: Buffer.from(bytes).toString("base64") };
    }),
  /** Every file of a commit, for opening the Studio; what would pass 30 MB in all is named in `skipped`. */
  all: procedure
    .input(z.strictObject({ projectId: id, ref }))
    .query(({ ctx, input }): Promise<FilesAt> => forgeOf(ctx, input.projectId).files(input.ref)),
  commit: procedure
    .input(
      z.strictObject({
        projectId: id,
        branch: ref,
        /** The head that the edit was made on; null for the first commit of a branch. */
        expectedHead: commitSha.nullable(),
        /** Where a branch that is made by this commit starts; `expectedHead` is null then. */
        base: commitSha.optional(),
        message: z.string().trim().min(1).max(10_000),
        files: fileEdits,
      }),
    )
    .mutation(async ({ ctx, input: { projectId, base, ...request } }): Promise<{ commit: string }> => {
      return {
        commit: await forgeOf(ctx, projectId).commit({ ...request, ...(base === undefined ? {} : { base }) }),
      };
    }),
  log: procedure
    .input(
      z.strictObject({
        projectId: id,
        ref,
        limit: z.int().min(1).max(200).default(50),
        before: commitSha.optional(),
        /** Only commits that touched this file. */
        path: repoPath.optional(),
      }),
    )
    .query(({ ctx, input }): Promise<{ commits: LogEntry[] }> => {
      return forgeOf(ctx, input.projectId).log(input.ref, input);
    }),
});
