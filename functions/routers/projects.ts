import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Project, ProjectSummary } from "../views.ts";
import { displayName, id, newFiles } from "./inputs.ts";
import { notYet } from "./notYet.ts";

type Created = { id: string; slug: string; orgSlug: string };

export const projectsRouter = router({
  list: procedure
    .input(z.strictObject({ orgId: id.optional() }).optional())
    .query((): Promise<ProjectSummary[]> => notYet()),
  bySlug: procedure
    .input(z.strictObject({ org: z.string().max(64), slug: z.string().max(64) }))
    .query((): Promise<Project> => notYet()),
  create: procedure
    .input(
      z.strictObject({
        id,
        orgId: id,
        name: displayName,
        /** A template's name, "blank" or "upload". */
        source: z.string().min(1).max(80),
        files: newFiles.optional(),
      }),
    )
    .mutation((): Promise<Created> => notYet()),
  importGit: procedure
    .input(
      z.strictObject({
        id,
        orgId: id,
        name: displayName.optional(),
        url: z.url({ protocol: /^https?$/ }).max(2000),
      }),
    )
    .mutation((): Promise<Created> => notYet()),
  importZip: procedure
    .input(z.strictObject({ id, orgId: id, name: displayName, zip: z.base64() }))
    .mutation((): Promise<Created> => notYet()),
  rename: procedure
    .input(z.strictObject({ id, name: displayName }))
    .mutation((): Promise<{ ok: true }> => notYet()),
  delete: procedure
    .input(z.strictObject({ id, confirmSlug: z.string() }))
    .mutation((): Promise<{ ok: true }> => notYet()),
});
