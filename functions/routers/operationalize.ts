import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import { id } from "./inputs.ts";
import { openProposal } from "../openProposal.ts";
import { startOperationalizeRun } from "../startOperationalizeRun.ts";

export const operationalizeRouter = router({
  start: procedure
    .input(z.strictObject({ id, projectId: id }))
    .mutation(async ({ ctx, input }): Promise<{ number: number }> => {
      return { number: await startOperationalizeRun(ctx, input) };
    }),
  openChange: procedure
    .input(z.strictObject({ runId: id }))
    .mutation(({ ctx, input }): Promise<{ changeNumber: number } | { nothing: true }> =>
      openProposal(ctx, input.runId),
    ),
});
