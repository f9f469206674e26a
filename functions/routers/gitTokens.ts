import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { GitToken } from "../views.ts";
import { displayName, id } from "./inputs.ts";
import { notYet } from "./notYet.ts";

export const gitTokensRouter = router({
  list: procedure.input(z.strictObject({ projectId: id })).query((): Promise<GitToken[]> => notYet()),
  create: procedure
    .input(z.strictObject({ projectId: id, name: displayName, scope: z.enum(["read", "write"]) }))
    .mutation((): Promise<{ id: string; token: string }> => notYet()),
  revoke: procedure.input(z.strictObject({ tokenId: id })).mutation((): Promise<{ ok: true }> => notYet()),
});
