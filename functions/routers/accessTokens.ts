import { randomBytes } from "node:crypto";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import { insertAccessToken } from "../sql/insertAccessToken.ts";
import { listAccessTokens } from "../sql/listAccessTokens.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { revokeAccessToken } from "../sql/revokeAccessToken.ts";
import { procedure, router, sessionProcedure } from "../trpc.ts";
import { hashAccessToken } from "../verifyAccessToken.ts";
import type { AccessToken } from "../views.ts";
import { displayName, id } from "./inputs.ts";

const dayMs = 86_400_000;

export const accessTokensRouter = router({
  list: procedure.query(({ ctx }): Promise<AccessToken[]> =>
    ctx.asCaller((tx) => listAccessTokens(tx, ctx.userId)),
  ),
  create: sessionProcedure
    .input(
      z.strictObject({
        name: displayName,
        /** null: every organisation of the user, also later ones. */
        orgId: id.nullable(),
        scope: z.enum(["read", "write"]),
        /** null: never. */
        expiresInDays: z.int().min(1).max(366).nullable().default(90),
      }),
    )
    .mutation(({ ctx, input }): Promise<{ id: string; token: string; expiresAt: string | null }> =>
      ctx.asCaller(async (tx) => {
        const { name, orgId, scope, expiresInDays } = input;
        if (orgId !== null) await requireOrgRole(tx, { orgId, userId: ctx.userId, atLeast: "viewer" });
        const token = `cpt_${randomBytes(32).toString("base64url")}`;
        const expiresAt =
          expiresInDays === null ? null : new Date(ctx.deps.now() + expiresInDays * dayMs).toISOString();
        const made = {
          userId: ctx.userId,
          hash: hashAccessToken(token),
          prefix: token.slice(0, 8),
          expiresAt,
        };
        return { id: await insertAccessToken(tx, { name, orgId, scope, ...made }), token, expiresAt };
      }),
    ),
  revoke: sessionProcedure
    .input(z.strictObject({ tokenId: id }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await revokeAccessToken(tx, input.tokenId);
        return { ok: true };
      }),
    ),
  /** The token that the call comes with; null for a session. */
  current: procedure.query(async ({ ctx }): Promise<AccessToken | null> => {
    const { accessToken } = ctx;
    if (accessToken === undefined) return null;
    const own = await ctx.asCaller((tx) => listAccessTokens(tx, ctx.userId));
    return own.find((token) => token.id === accessToken.id) ?? null;
  }),
  /** Ends the token that the call comes with: signing out of a program. */
  revokeCurrent: procedure.meta({ safe: true }).mutation(({ ctx }): Promise<{ ok: true }> =>
    ctx.asCaller(async (tx) => {
      if (ctx.accessToken === undefined)
        throw new CoderError("bad_input", "This call came with a session, which has no access token to end");
      await revokeAccessToken(tx, ctx.accessToken.id);
      return { ok: true };
    }),
  ),
});
