import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Problem } from "../../shared/workflow/problem.ts";
import type { WorkflowSummary } from "../views.ts";
import { id, ref, repoPath } from "./inputs.ts";
import { notYet } from "./notYet.ts";

export const workflowsRouter = router({
  list: procedure
    .input(z.strictObject({ projectId: id, ref: ref.optional() }))
    .query((): Promise<WorkflowSummary[]> => notYet()),
  read: procedure
    .input(z.strictObject({ projectId: id, path: repoPath, ref: ref.optional() }))
    .query((): Promise<{ yaml: string; problems: Problem[] }> => notYet()),
  lint: procedure
    .input(z.strictObject({ yaml: z.string().max(1_000_000), path: repoPath }))
    .query((): Promise<{ problems: Problem[] }> => notYet()),
});
