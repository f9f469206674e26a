import { z } from "zod";
import { auditHead, listAuditEntries } from "../sql/listAuditEntries.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { procedure, router } from "../trpc.ts";
import type { AuditPage } from "../views.ts";
import { id } from "./inputs.ts";

/** The audit log, for admins. As a whole it is `GET /audit/export?org=<id>` (`exportAudit.ts`). */
export const auditRouter = router({
  list: procedure
    .input(
      z.strictObject({
        orgId: id,
        projectId: id.optional(),
        /** A whole action, or the beginning of several: `deploy.`. */
        action: z.string().max(200).optional(),
        decision: z.enum(["allow", "deny", "ask"]).optional(),
        /** `user:<id>`, `run:<id>` or `system`. */
        actor: z.string().max(100).optional(),
        from: z.iso.datetime({ offset: true }).optional(),
        to: z.iso.datetime({ offset: true }).optional(),
        /** `nextCursor` of the page before. */
        cursor: z
          .string()
          .regex(/^\d{1,15}$/)
          .nullish(),
        limit: z.int().min(1).max(200).default(50),
      }),
    )
    .query(({ ctx, input: { cursor, limit, ...filter } }): Promise<AuditPage> =>
      ctx.asCaller(async (tx) => {
        await requireOrgRole(tx, { orgId: filter.orgId, userId: ctx.userId, atLeast: "admin" });
        const before = cursor === null || cursor === undefined ? undefined : Number(cursor);
        // One more than asked for shows whether there is a next page.
        const entries = await listAuditEntries(tx, { ...filter, before, limit: limit + 1 });
        const items = entries.slice(0, limit);
        const last = items.at(-1);
        const nextCursor = entries.length > limit && last !== undefined ? String(last.seq) : null;
        return { items, nextCursor, head: await auditHead(tx, filter.orgId) };
      }),
    ),
});
