import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Change, ChangeDetails } from "../views.ts";
import { bodyText, commitSha, id, labels, number, ref, title } from "./inputs.ts";
import { CoderError } from "../../shared/errors.ts";
import { diffOfChange } from "../diffOfChange.ts";
import { forgeOf } from "../forgeOf.ts";
import { mergeChange } from "../mergeChange.ts";
import { closeChange } from "../sql/closeChange.ts";
import { editChange } from "../sql/editChange.ts";
import { listChanges, requireChange } from "../sql/listChanges.ts";
import { listChecks } from "../sql/listChecks.ts";
import { listComments } from "../sql/listComments.ts";
import { openChange } from "../sql/openChange.ts";
import { readRequiredChecks } from "../sql/requiredChecks.ts";
import { requireProject } from "../sql/requireProject.ts";

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
    .query(async ({ ctx, input }): Promise<ChangeDetails> => {
      const { projectId } = input;
      const details = await ctx.asCaller(async (tx) => {
        const project = await requireProject(tx, projectId);
        const change = await requireChange(tx, projectId, input.number);
        const { required } = await readRequiredChecks(tx, projectId);
        return {
          ...change,
          timeline: await listComments(tx, { changeId: change.id }),
          checks: await listChecks(tx, { projectId, commit: change.headCommit }),
          requiredChecks: change.baseBranch === project.defaultBranch ? required : [],
        };
      });
      return { ...details, diff: await diffOfChange(forgeOf(ctx, projectId), details) };
    }),
  open: procedure
    .input(
      z.strictObject({
        projectId: id,
        title,
        body: bodyText,
        head: ref,
        /** Default: the default branch. */
        base: ref.optional(),
        draft: z.boolean().optional(),
        labels: labels.optional(),
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
  /** What it says of itself; a draft cannot be merged until it is ready. */
  edit: procedure
    .input(
      z.strictObject({
        projectId: id,
        number,
        title: title.optional(),
        body: bodyText.optional(),
        draft: z.boolean().optional(),
      }),
    )
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await editChange(tx, input);
        return { ok: true };
      }),
    ),
  close: procedure
    .input(z.strictObject({ projectId: id, number }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await closeChange(tx, input.projectId, input.number);
        return { ok: true };
      }),
    ),
});
