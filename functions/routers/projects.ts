import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Project, ProjectSummary } from "../views.ts";
import { displayName, id, newFiles } from "./inputs.ts";
import { Buffer } from "node:buffer";
import { CoderError } from "../../shared/errors.ts";
import { createProject } from "../createProject.ts";
import { createForgeClient } from "../forgeClient.ts";
import { deleteProject } from "../sql/deleteProject.ts";
import { listProjects } from "../sql/listProjects.ts";
import { renameProject } from "../sql/renameProject.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { requireProject } from "../sql/requireProject.ts";
import { withPreview } from "../withPreview.ts";

/** `https://host/owner/repo.git` is called repo. */
function nameOfUrl(url: string): string {
  const last = new URL(url).pathname.split("/").findLast((part) => part !== "") ?? "";
  return (
    decodeURIComponent(last.replace(/\.git$/, ""))
      .slice(0, 80)
      .trim() || "imported"
  );
}

type Created = { id: string; slug: string; orgSlug: string };

export const projectsRouter = router({
  list: procedure
    .input(z.strictObject({ orgId: id.optional() }).optional())
    .query(async ({ ctx, input }): Promise<ProjectSummary[]> => {
      const rows = await ctx.asCaller((tx) => listProjects(tx, ctx.userId, { orgId: input?.orgId }));
      return rows.map((row) => withPreview(ctx.deps, row));
    }),
  bySlug: procedure
    .input(z.strictObject({ org: z.string().max(64), slug: z.string().max(64) }))
    .query(async ({ ctx, input }): Promise<Project> => {
      const filter = { orgSlug: input.org, slug: input.slug };
      const [row] = await ctx.asCaller((tx) => listProjects(tx, ctx.userId, filter));
      if (row === undefined)
        throw new CoderError("not_found", `There is no project ${input.org}/${input.slug} that you may see`);
      return withPreview(ctx.deps, row);
    }),
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
    .mutation(({ ctx, input: { files = [], ...intent } }): Promise<Created> =>
      // The forge leaves a repository alone that has commits.
      createProject(ctx, intent, (forge) => forge.create(files, "First commit")),
    ),
  importGit: procedure
    .input(
      z.strictObject({
        id,
        orgId: id,
        name: displayName.optional(),
        url: z.url({ protocol: /^https?$/ }).max(2000),
      }),
    )
    .mutation(({ ctx, input: { url, name, ...intent } }): Promise<Created> =>
      createProject(ctx, { ...intent, name: name ?? nameOfUrl(url), source: "git" }, (forge) =>
        forge.importUrl(url),
      ),
    ),
  importZip: procedure
    .input(z.strictObject({ id, orgId: id, name: displayName, zip: z.base64() }))
    .mutation(({ ctx, input: { zip, ...intent } }): Promise<Created> =>
      createProject(ctx, { ...intent, source: "upload" }, (forge) =>
        forge.importZip(new Uint8Array(Buffer.from(zip, "base64"))),
      ),
    ),
  rename: procedure
    .input(z.strictObject({ id, name: displayName }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        const project = await requireProject(tx, input.id);
        await requireOrgRole(tx, { orgId: project.orgId, userId: ctx.userId, atLeast: "member" });
        await renameProject(tx, project.id, input.name);
        return { ok: true };
      }),
    ),
  delete: procedure
    .input(z.strictObject({ id, confirmSlug: z.string() }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        const project = await requireProject(tx, input.id);
        await requireOrgRole(tx, { orgId: project.orgId, userId: ctx.userId, atLeast: "admin" });
        if (input.confirmSlug !== project.slug) {
          throw new CoderError("bad_input", `To delete this project, confirm with its slug ${project.slug}`);
        }
        await deleteProject(tx, project.id);
        // Before the commit: if the repository cannot be deleted, nothing is. Only the service may delete one.
        await createForgeClient(ctx.deps, ctx.deps.serviceKey, project.id).remove();
        return { ok: true };
      }),
    ),
});
