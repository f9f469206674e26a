import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Change, Diff } from "../views.ts";
import { commitSha, id, ref } from "./inputs.ts";
import { notYet } from "./notYet.ts";

const number = z.int().positive();

export const changesRouter = router({
  list: procedure
    .input(z.strictObject({ projectId: id, status: z.enum(["open", "merged", "closed"]).optional() }))
    .query((): Promise<Change[]> => notYet()),
  get: procedure
    .input(z.strictObject({ projectId: id, number }))
    .query((): Promise<Change & { diff: Diff }> => notYet()),
  open: procedure
    .input(
      z.strictObject({
        projectId: id,
        title: z.string().trim().min(1).max(200),
        body: z.string().max(50_000),
        head: ref,
        /** Default: the default branch. */
        base: ref.optional(),
      }),
    )
    .mutation((): Promise<{ number: number }> => notYet()),
  merge: procedure
    .input(
      z.strictObject({
        projectId: id,
        number,
        /** The head that was reviewed; another one is refused with `conflict`. */
        expectedHead: commitSha,
      }),
    )
    .mutation((): Promise<{ commit: string }> => notYet()),
  close: procedure
    .input(z.strictObject({ projectId: id, number }))
    .mutation((): Promise<{ ok: true }> => notYet()),
});
