import type { ExpressionContext } from "./expressions.ts";
import type { Workflow } from "./schema.ts";

/** Where a workflow's file is. */
export interface ProjectPlace {
  orgSlug: string;
  projectSlug: string;
  /** Branch or commit that the run is of. */
  ref: string;
}

/** What expressions see as `project`: the repository the file names, or else the one it is in. */
export function projectVariables(
  workflow: Pick<Workflow, "project">,
  place: ProjectPlace,
): ExpressionContext["project"] {
  const here = { provider: "coder", owner: place.orgSlug, repo: place.projectSlug, ref: place.ref };
  return workflow.project ? { ...here, ...workflow.project, ref: workflow.project.ref ?? place.ref } : here;
}
