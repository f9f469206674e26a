import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Change, Diff } from "../views.ts";
import { commitSha, id, ref } from "./inputs.ts";
import { CoderError } from "../../shared/errors.ts";
import { diffOfChange } from "../diffOfChange.ts";
import { forgeOf } from "../forgeOf.ts";
import { mergeChange } from "../mergeChange.ts";
import { closeChange } from "../sql/closeChange.ts";
import { listChanges, requireChange } from "../sql/listChanges.ts";
import { openChange } from "../sql/openChange.ts";
import { requireProject } from "../sql/requireProject.ts";

const number = z.int().positive();

export const changesRouter = router({
  list: procedure
    .input(z.strictObject({ projectId: id, status: z.enum(["open", "merged", "closed"]).optional() }))
    .query(({ ctx, input }): Promise<Change[]> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        return listChanges(tx, input);
      }),
    ),
  get: procedure
    .input(z.strictObject({ projectId: id, number }))
    .query(async ({ ctx, input }): Promise<Change & { diff: Diff }> => {
      const change = await ctx.asCaller((tx) => requireChange(tx, input.projectId, input.number));
      return { ...change, diff: await diffOfChange(forgeOf(ctx, input.projectId), change) };
    }),
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
    .mutation(async ({ ctx, input }): Promise<{ number: number }> => {
      const project = await ctx.asCaller((tx) => requireProject(tx, input.projectId));
      const base = input.base ?? project.defaultBranch;
      if (base === input.head)
        throw new CoderError("bad_input", `A change from ${base} into itself is empty`);
      const { refs } = await forgeOf(ctx, project.id).refs();
      const commitOf = (name: string): string => {
        const found = refs.find((one) => one.name === name);
        if (found === undefined) throw new CoderError("not_found", `There is no branch ${name}`);
        return found.commit;
      };
      commitOf(base);
      const headCommit = commitOf(input.head);
      return { number: await ctx.asCaller((tx) => openChange(tx, { ...input, base, headCommit })) };
    }),
  merge: procedure
    .input(
      z.strictObject({
        projectId: id,
        number,
        /** The head that was reviewed; another one is refused with `conflict`. */
        expectedHead: commitSha,
      }),
    )
    .mutation(async ({ ctx, input }): Promise<{ commit: string }> => {
      return { commit: await mergeChange(ctx, input) };
    }),
  close: procedure
    .input(z.strictObject({ projectId: id, number }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await closeChange(tx, input.projectId, input.number);
        return { ok: true };
      }),
    ),
});
