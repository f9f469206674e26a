import type { Deps } from "./deps.ts";
import type { ProjectRow } from "./sql/listProjects.ts";
import type { Project } from "./views.ts";

/** The project as callers see it: with the address of its newest live site. */
export function withPreview(deps: Pick<Deps, "siteUrl">, { previewSlug, ...project }: ProjectRow): Project {
  return { ...project, previewUrl: previewSlug === null ? null : deps.siteUrl(previewSlug) };
}
