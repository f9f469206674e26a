import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { DecidedApproval, Inbox } from "../views.ts";
import { id } from "./inputs.ts";
import { decideApproval } from "../sql/decideApproval.ts";
import { listFailedRuns } from "../sql/listFailedRuns.ts";
import { requireProject } from "../sql/requireProject.ts";
import { listDecidedApprovals } from "../sql/listDecidedApprovals.ts";
import { listWaitingApprovals } from "../sql/listWaitingApprovals.ts";

export const approvalsRouter = router({
  inbox: procedure.query(({ ctx }): Promise<Inbox> =>
    ctx.asCaller(async (tx) => ({
      waiting: await listWaitingApprovals(tx),
      failedRuns: await listFailedRuns(tx, 20),
    })),
  ),
  /** What was decided, and how, in one project or in all that the caller sees; the next page is before the last one's `id`. */
  history: procedure
    .input(
      z.strictObject({
        projectId: id.optional(),
        runId: id.optional(),
        status: z.enum(["approved", "rejected", "expired", "void"]).optional(),
        before: id.optional(),
        limit: z.int().min(1).max(100).default(50),
      }),
    )
    .query(({ ctx, input }): Promise<DecidedApproval[]> =>
      ctx.asCaller(async (tx) => {
        if (input.projectId !== undefined) await requireProject(tx, input.projectId);
        return listDecidedApprovals(tx, input);
      }),
    ),
  decide: procedure
    .input(
      z.strictObject({
        approvalId: id,
        decision: z.enum(["approved", "rejected"]),
        /** The hash of what was shown; a decision about anything else is refused with `conflict`. */
        contentHash: z.string().min(1).max(200),
        comment: z.string().max(5000).optional(),
      }),
    )
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await decideApproval(tx, input);
        return { ok: true };
      }),
    ),
});
