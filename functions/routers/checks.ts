import { z } from "zod";
import { procedure, router } from "../trpc.ts";
import type { Check } from "../views.ts";
import { forgeOf } from "../forgeOf.ts";
import { checkName, commitSha, id } from "./inputs.ts";
import { listChecks } from "../sql/listChecks.ts";
import { readRequiredChecks, setRequiredChecks } from "../sql/requiredChecks.ts";
import { requireProject } from "../sql/requireProject.ts";

export const checksRouter = router({
  list: procedure
    .input(z.strictObject({ projectId: id, commit: commitSha }))
    .query(({ ctx, input }): Promise<Check[]> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        return listChecks(tx, input);
      }),
    ),
  /** What a program outside found of a commit. The forge asks whether the caller may write and the commit exists. */
  report: procedure
    .input(
      z.strictObject({
        projectId: id,
        commit: commitSha,
        name: checkName,
        status: z.enum(["queued", "running", "passed", "failed", "skipped"]),
        url: z
          .url({ protocol: /^https?$/ })
          .max(2000)
          .optional(),
        source: z.string().trim().min(1).max(80).default("external"),
      }),
    )
    .mutation(async ({ ctx, input: { projectId, ...report } }): Promise<{ id: string }> => {
      return { id: await forgeOf(ctx, projectId).reportCheck(report) };
    }),
  required: procedure
    .input(z.strictObject({ projectId: id }))
    .query(({ ctx, input }): Promise<{ required: string[]; known: string[] }> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        return readRequiredChecks(tx, input.projectId);
      }),
    ),
  setRequired: procedure
    .input(z.strictObject({ projectId: id, checks: z.array(checkName).max(50) }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await setRequiredChecks(tx, input.projectId, input.checks);
        return { ok: true };
      }),
    ),
});
