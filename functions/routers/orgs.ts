import { z } from "zod";
import { procedure, router, sessionProcedure } from "../trpc.ts";
import type { Member } from "../views.ts";
import { displayName, id } from "./inputs.ts";
import { createOrg } from "../sql/createOrg.ts";
import { listMembers } from "../sql/listMembers.ts";
import { renameOrg } from "../sql/renameOrg.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { setMember } from "../sql/setMember.ts";

export const orgsRouter = router({
  create: sessionProcedure
    .input(z.strictObject({ name: displayName }))
    .mutation(({ ctx, input }): Promise<{ id: string; slug: string }> =>
      ctx.asCaller((tx) => createOrg(tx, input.name)),
    ),
  rename: procedure
    .input(z.strictObject({ orgId: id, name: displayName }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await requireOrgRole(tx, { orgId: input.orgId, userId: ctx.userId, atLeast: "admin" });
        await renameOrg(tx, input.orgId, input.name);
        return { ok: true };
      }),
    ),
  members: procedure.input(z.strictObject({ orgId: id })).query(({ ctx, input }): Promise<Member[]> =>
    ctx.asCaller(async (tx) => {
      await requireOrgRole(tx, { orgId: input.orgId, userId: ctx.userId, atLeast: "viewer" });
      return listMembers(tx, input.orgId);
    }),
  ),
  setMember: sessionProcedure
    .input(
      z.strictObject({
        orgId: id,
        email: z.email(),
        /** null removes the member. */
        role: z.enum(["owner", "admin", "member", "viewer"]).nullable(),
      }),
    )
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await setMember(tx, input);
        return { ok: true };
      }),
    ),
});
