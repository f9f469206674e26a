import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Member } from "../views.ts";
import { displayName, id } from "./inputs.ts";
import { notYet } from "./notYet.ts";

export const orgsRouter = router({
  create: procedure
    .input(z.strictObject({ name: displayName }))
    .mutation((): Promise<{ id: string; slug: string }> => notYet()),
  rename: procedure
    .input(z.strictObject({ orgId: id, name: displayName }))
    .mutation((): Promise<{ ok: true }> => notYet()),
  members: procedure.input(z.strictObject({ orgId: id })).query((): Promise<Member[]> => notYet()),
  setMember: procedure
    .input(
      z.strictObject({
        orgId: id,
        email: z.email(),
        /** null removes the member. */
        role: z.enum(["owner", "admin", "member", "viewer"]).nullable(),
      }),
    )
    .mutation((): Promise<{ ok: true }> => notYet()),
});
