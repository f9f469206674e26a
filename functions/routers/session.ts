import { procedure, router } from "../trpc.ts";
import type { Me } from "../views.ts";
import { readMe } from "../sql/readMe.ts";
import { CoderError } from "../../shared/errors.ts";

export const sessionRouter = router({
  me: procedure.query(async ({ ctx }): Promise<Me> => {
    const me = await ctx.asCaller((tx) => readMe(tx, ctx.userId));
    if (me === undefined) throw new CoderError("unauthenticated", "This account no longer exists");
    return me;
  }),
});
