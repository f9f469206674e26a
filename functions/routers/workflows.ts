import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import type { WorkflowSummary } from "../views.ts";
import { id, ref, repoPath } from "./inputs.ts";
import { lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { forgeOf } from "../forgeOf.ts";
import { listWorkflows } from "../listWorkflows.ts";
import { requireProject } from "../sql/requireProject.ts";
import { secretNames } from "../sql/secretNames.ts";

export const workflowsRouter = router({
  list: procedure
    .input(z.strictObject({ projectId: id, ref: ref.optional() }))
    .query(({ ctx, input }): Promise<WorkflowSummary[]> => listWorkflows(ctx, input.projectId, input.ref)),
  read: procedure
    .input(z.strictObject({ projectId: id, path: repoPath, ref: ref.optional() }))
    .query(async ({ ctx, input }): Promise<{ yaml: string; problems: Problem[] }> => {
      const { project, secrets } = await ctx.asCaller(async (tx) => {
        const found = await requireProject(tx, input.projectId);
        return { project: found, secrets: await secretNames(tx, found) };
      });
      const source = await forgeOf(ctx, project.id).blob(input.ref ?? project.defaultBranch, input.path);
      return {
        yaml: new TextDecoder().decode(source),
        problems: lintWorkflow(source, { path: input.path, secrets }),
      };
    }),
  /** What a workflow's file may name that is not in it. Names only. */
  names: procedure
    .input(z.strictObject({ projectId: id }))
    .query(({ ctx, input }): Promise<{ secrets: string[] }> =>
      ctx.asCaller(async (tx) => {
        const project = await requireProject(tx, input.projectId);
        return { secrets: [...(await secretNames(tx, project))] };
      }),
    ),
  /** Changes nothing; a mutation only because a file does not fit into the address of a query. */
  lint: procedure
    .meta({ safe: true })
    .input(z.strictObject({ yaml: z.string().max(1_000_000), path: repoPath }))
    .mutation(({ input }): { problems: Problem[] } => ({
      problems: lintWorkflow(input.yaml, { path: input.path }),
    })),
});
