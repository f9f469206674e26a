import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Site } from "../views.ts";
import { id, repoPath } from "./inputs.ts";
import { notYet } from "./notYet.ts";

/** Path -> what is served there. Paths are relative, without a leading slash. */
export const manifestSchema = z
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
  list: procedure.input(z.strictObject({ projectId: id })).query((): Promise<Site[]> => notYet()),
  publish: procedure
    .input(
      z.strictObject({
        deploymentId: id,
        projectId: id,
        kind: z.literal("share"),
        manifest: manifestSchema,
      }),
    )
    .mutation((): Promise<{ url: string }> => notYet()),
  revoke: procedure.input(z.strictObject({ siteId: id })).mutation((): Promise<{ ok: true }> => notYet()),
  rollback: procedure
    .input(z.strictObject({ siteId: id, deploymentId: id }))
    .mutation((): Promise<{ ok: true }> => notYet()),
});
