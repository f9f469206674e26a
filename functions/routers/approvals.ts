import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Inbox } from "../views.ts";
import { id } from "./inputs.ts";
import { notYet } from "./notYet.ts";

export const approvalsRouter = router({
  inbox: procedure.query((): Promise<Inbox> => notYet()),
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
    .mutation((): Promise<{ ok: true }> => notYet()),
});
