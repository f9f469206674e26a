import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Comment, Issue } from "../views.ts";
import { bodyText, commentText, id, labels, number, title } from "./inputs.ts";
import { addComment } from "../sql/addComment.ts";
import { editIssue } from "../sql/editIssue.ts";
import { listComments } from "../sql/listComments.ts";
import { listIssues, requireIssue } from "../sql/listIssues.ts";
import { listLabels } from "../sql/listLabels.ts";
import { openIssue } from "../sql/openIssue.ts";
import { requireProject } from "../sql/requireProject.ts";
import { setIssueState } from "../sql/setIssueState.ts";
import { setLabels } from "../sql/setLabels.ts";

const one = z.strictObject({ projectId: id, number });

export const issuesRouter = router({
  /** Newest first; `before` is the last number of the page before. */
  list: procedure
    .input(
      z.strictObject({
        projectId: id,
        state: z.enum(["open", "closed"]).optional(),
        label: z.string().max(50).optional(),
        search: z.string().max(200).optional(),
        before: number.optional(),
        limit: z.int().min(1).max(100).default(50),
      }),
    )
    .query(({ ctx, input }): Promise<Issue[]> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        return listIssues(tx, input);
      }),
    ),
  get: procedure.input(one).query(({ ctx, input }): Promise<Issue & { timeline: Comment[] }> =>
    ctx.asCaller(async (tx) => {
      const issue = await requireIssue(tx, input.projectId, input.number);
      return { ...issue, timeline: await listComments(tx, { issueId: issue.id }) };
    }),
  ),
  /** `id` is made once per intent, so that a double click opens one issue. */
  open: procedure
    .input(
      z.strictObject({
        id,
        projectId: id,
        title,
        body: bodyText.default(""),
        labels: labels.default([]),
      }),
    )
    .mutation(({ ctx, input }): Promise<{ number: number }> =>
      ctx.asCaller(async (tx) => ({ number: await openIssue(tx, input) })),
    ),
  edit: procedure
    .input(one.extend({ title: title.optional(), body: bodyText.optional() }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await editIssue(tx, input);
        return { ok: true };
      }),
    ),
  setState: procedure
    .input(one.extend({ state: z.enum(["open", "closed"]) }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await setIssueState(tx, input);
        return { ok: true };
      }),
    ),
  /** Also for changes: numbers are shared. */
  setLabels: procedure.input(one.extend({ labels })).mutation(({ ctx, input }): Promise<{ ok: true }> =>
    ctx.asCaller(async (tx) => {
      await setLabels(tx, input);
      return { ok: true };
    }),
  ),
  /** Also on changes; `id` is made once per intent. */
  comment: procedure
    .input(one.extend({ id, body: commentText }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await addComment(tx, input);
        return { ok: true };
      }),
    ),
  /** Labels in use in the project, to choose from. */
  labels: procedure.input(z.strictObject({ projectId: id })).query(({ ctx, input }): Promise<string[]> =>
    ctx.asCaller(async (tx) => {
      await requireProject(tx, input.projectId);
      return listLabels(tx, input.projectId);
    }),
  ),
});
