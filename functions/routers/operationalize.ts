import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import { id } from "./inputs.ts";
import { notYet } from "./notYet.ts";

export const operationalizeRouter = router({
  start: procedure
    .input(z.strictObject({ id, projectId: id }))
    .mutation((): Promise<{ number: number }> => notYet()),
  openChange: procedure
    .input(z.strictObject({ runId: id }))
    .mutation((): Promise<{ changeNumber: number } | { nothing: true }> => notYet()),
});
