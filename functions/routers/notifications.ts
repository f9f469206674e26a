import { z } from "zod";
import { listNotifications } from "../sql/listNotifications.ts";
import { markNotificationsRead } from "../sql/markNotificationsRead.ts";
import { procedure, router } from "../trpc.ts";
import type { Notification } from "../views.ts";
import { id } from "./inputs.ts";

export const notificationsRouter = router({
  list: procedure
    .input(z.strictObject({ limit: z.int().min(1).max(200).default(50) }).prefault({}))
    .query(({ ctx, input }): Promise<Notification[]> =>
      ctx.asCaller((tx) => listNotifications(tx, input.limit)),
    ),
  markRead: procedure
    .input(z.strictObject({ ids: z.array(id).min(1).max(200), read: z.boolean().default(true) }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        const readAt = input.read ? new Date(ctx.deps.now()).toISOString() : null;
        await markNotificationsRead(tx, { ids: input.ids, readAt });
        return { ok: true };
      }),
    ),
});
