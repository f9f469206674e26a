import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Site } from "../views.ts";
import { id, repoPath } from "./inputs.ts";
import { listSites } from "../sql/listSites.ts";
import { publishDeployment } from "../sql/publishDeployment.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { requireProject } from "../sql/requireProject.ts";
import { revokeSite } from "../sql/revokeSite.ts";
import { rollbackSite } from "../sql/rollbackSite.ts";
import { verifyBlobs } from "../verifyBlobs.ts";

/** Path -> what is served there. Paths are relative, without a leading slash. */
const manifestSchema = z
  .record(
    repoPath,
    z.strictObject({
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      size: z.int().min(0),
      /** Content type. */
      type: z.string().min(1).max(200),
    }),
  )
  .refine((manifest) => Object.keys(manifest).length > 0, "has no file")
  .refine((manifest) => Object.keys(manifest).length <= 5000, "has more than 5000 files");

export const sitesRouter = router({
  list: procedure.input(z.strictObject({ projectId: id })).query(async ({ ctx, input }): Promise<Site[]> => {
    const sites = await ctx.asCaller(async (tx) => {
      await requireProject(tx, input.projectId);
      return listSites(tx, input.projectId);
    });
    return sites.map((site) => ({ ...site, url: ctx.deps.siteUrl(site.slug) }));
  }),
  publish: procedure
    .input(
      z.strictObject({
        deploymentId: id,
        projectId: id,
        kind: z.literal("share"),
        manifest: manifestSchema,
      }),
    )
    .mutation(async ({ ctx, input }): Promise<{ url: string }> => {
      const orgId = await ctx.asCaller(async (tx) => {
        const project = await requireProject(tx, input.projectId);
        await requireOrgRole(tx, { orgId: project.orgId, userId: ctx.userId, atLeast: "member" });
        return project.orgId;
      });
      await verifyBlobs(ctx.deps, { token: ctx.storageToken, orgId }, input.manifest);
      const { deploymentId, ...deployment } = input;
      const slug = await ctx.asCaller((tx) => publishDeployment(tx, { id: deploymentId, ...deployment }));
      return { url: ctx.deps.siteUrl(slug) };
    }),
  revoke: procedure.input(z.strictObject({ siteId: id })).mutation(({ ctx, input }): Promise<{ ok: true }> =>
    ctx.asCaller(async (tx) => {
      await revokeSite(tx, ctx.userId, input.siteId);
      return { ok: true };
    }),
  ),
  rollback: procedure
    .input(z.strictObject({ siteId: id, deploymentId: id }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await rollbackSite(tx, input.siteId, input.deploymentId);
        return { ok: true };
      }),
    ),
});
