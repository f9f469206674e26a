import { z } from "zod";

/** The answer of `POST /npm/-/resolve`: what lies where. */
export const installPlanSchema = z.object({
  packages: z.array(
    z.object({
      /** "node_modules/x", or nested. */
      path: z.string().regex(/^node_modules\/(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\\0]+$/),
      name: z.string(),
      version: z.string(),
      integrity: z.string(),
      tarball: z.string(),
      bin: z.record(z.string(), z.string()).optional(),
      optional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
  skipped: z.array(z.object({ name: z.string(), reason: z.string(), message: z.string() })),
  hash: z.string(),
});

export type InstallPlan = z.infer<typeof installPlanSchema>;
export type PlannedPackage = InstallPlan["packages"][number];
