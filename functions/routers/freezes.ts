import { z } from "zod";
import { listOpenFreezes } from "../sql/listOpenFreezes.ts";
import { liftFreeze, setFreeze } from "../sql/setFreeze.ts";
import { procedure, router } from "../trpc.ts";
import type { Freeze } from "../views.ts";
import { id } from "./inputs.ts";

export const freezesRouter = router({
  open: procedure.query(({ ctx }): Promise<Freeze[]> => ctx.asCaller((tx) => listOpenFreezes(tx))),
  set: procedure
    .input(
      z.strictObject({
        orgId: id,
        /** null freezes every project of the organisation. */
        projectId: id.nullable(),
        reason: z.string().trim().min(1).max(500),
      }),
    )
    .mutation(({ ctx, input }): Promise<{ id: string }> =>
      ctx.asCaller(async (tx) => ({ id: await setFreeze(tx, input) })),
    ),
  lift: procedure.input(z.strictObject({ id })).mutation(({ ctx, input }): Promise<{ ok: true }> =>
    ctx.asCaller(async (tx) => {
      await liftFreeze(tx, input.id);
      return { ok: true };
    }),
  ),
});
