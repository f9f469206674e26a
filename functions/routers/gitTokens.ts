import { z } from "zod";
import { procedure, router, sessionProcedure } from "../trpc.ts";
import type { GitToken } from "../views.ts";
import { displayName, id } from "./inputs.ts";
import { createHash, randomBytes } from "node:crypto";
import { insertGitToken } from "../sql/insertGitToken.ts";
import { listGitTokens } from "../sql/listGitTokens.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { requireProject } from "../sql/requireProject.ts";
import { revokeGitToken } from "../sql/revokeGitToken.ts";

export const gitTokensRouter = router({
  list: procedure.input(z.strictObject({ projectId: id })).query(({ ctx, input }): Promise<GitToken[]> =>
    ctx.asCaller(async (tx) => {
      await requireProject(tx, input.projectId);
      return listGitTokens(tx, input.projectId);
    }),
  ),
  create: sessionProcedure
    .input(z.strictObject({ projectId: id, name: displayName, scope: z.enum(["read", "write"]) }))
    .mutation(({ ctx, input }): Promise<{ id: string; token: string }> =>
      ctx.asCaller(async (tx) => {
        const { orgId } = await requireProject(tx, input.projectId);
        await requireOrgRole(tx, { orgId, userId: ctx.userId, atLeast: "member" });
        const token = `cgt_${randomBytes(32).toString("base64url")}`;
        const hash = createHash("sha256").update(token).digest("hex");
        return { id: await insertGitToken(tx, { ...input, orgId, hash, createdBy: ctx.userId }), token };
      }),
    ),
  revoke: procedure.input(z.strictObject({ tokenId: id })).mutation(({ ctx, input }): Promise<{ ok: true }> =>
    ctx.asCaller(async (tx) => {
      await revokeGitToken(tx, ctx.userId, input.tokenId);
      return { ok: true };
    }),
  ),
});
