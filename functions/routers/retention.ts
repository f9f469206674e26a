import { z } from "zod";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { previewRetention, readRetention, setRetention } from "../sql/retention.ts";
import { procedure, router } from "../trpc.ts";
import { defaultRetention } from "../../shared/run/retention.ts";
import type { Retention, RetentionPreview } from "../historyViews.ts";
import { id } from "./inputs.ts";

const owner = { orgId: id, projectId: id.nullable() };
const days = z.int().min(1).max(3650).nullable();
const retentionSchema = z.strictObject({
  logDays: days,
  artifactDays: days,
  runDays: days,
  deliveryDays: days,
  deploymentDays: days,
  deploymentsKept: z.int().min(1).max(100).nullable(),
});

const nothingSet: Retention = {
  logDays: null,
  artifactDays: null,
  runDays: null,
  deliveryDays: null,
  deploymentDays: null,
  deploymentsKept: null,
};

/** How long records are kept; null inherits. */
export const retentionRouter = router({
  get: procedure
    .input(z.strictObject(owner))
    .query(({ ctx, input }): Promise<{ own: Retention; inherited: { [Name in keyof Retention]: number } }> =>
      ctx.asCaller(async (tx) => {
        await requireOrgRole(tx, { orgId: input.orgId, userId: ctx.userId, atLeast: "viewer" });
        const own = (await readRetention(tx, input)) ?? nothingSet;
        const org =
          input.projectId === null
            ? nothingSet
            : ((await readRetention(tx, { ...input, projectId: null })) ?? nothingSet);
        const above = (name: keyof Retention): number => org[name] ?? defaultRetention[name];
        return {
          own,
          inherited: {
            logDays: above("logDays"),
            artifactDays: above("artifactDays"),
            runDays: above("runDays"),
            deliveryDays: above("deliveryDays"),
            deploymentDays: above("deploymentDays"),
            deploymentsKept: above("deploymentsKept"),
          },
        };
      }),
    ),
  set: procedure
    .input(z.strictObject({ ...owner, retention: retentionSchema }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await setRetention(tx, input, input.retention);
        return { ok: true };
      }),
    ),
  /** What would be deleted now under these settings. */
  preview: procedure
    .input(z.strictObject({ ...owner, retention: retentionSchema }))
    .query(({ ctx, input }): Promise<RetentionPreview> =>
      ctx.asCaller((tx) => previewRetention(tx, input, input.retention)),
    ),
});
