import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { LogEntry, Refs, TreeEntry } from "../views.ts";
import { commitSha, fileEdits, id, ref, repoPath } from "./inputs.ts";
import { notYet } from "./notYet.ts";

export const filesRouter = router({
  refs: procedure.input(z.strictObject({ projectId: id })).query((): Promise<Refs> => notYet()),
  tree: procedure
    .input(z.strictObject({ projectId: id, ref }))
    .query((): Promise<{ commit: string; entries: TreeEntry[] }> => notYet()),
  read: procedure
    .input(z.strictObject({ projectId: id, ref, path: repoPath }))
    .query((): Promise<{ content: string }> => notYet()),
  /** Every file of a commit, for opening the Studio. Answers `too_large` past 20 MB or 5000 files. */
  all: procedure
    .input(z.strictObject({ projectId: id, ref }))
    .query((): Promise<{ commit: string; files: { path: string; content: string }[] }> => notYet()),
  commit: procedure
    .input(
      z.strictObject({
        projectId: id,
        branch: ref,
        /** The head that the edit was made on; null for the first commit of a branch. */
        expectedHead: commitSha.nullable(),
        message: z.string().trim().min(1).max(10_000),
        files: fileEdits,
      }),
    )
    .mutation((): Promise<{ commit: string }> => notYet()),
  log: procedure
    .input(
      z.strictObject({
        projectId: id,
        ref,
        limit: z.int().min(1).max(200).default(50),
        before: commitSha.optional(),
      }),
    )
    .query((): Promise<{ commits: LogEntry[] }> => notYet()),
});
