import { z } from "zod";
import { policiesSchema } from "../../shared/workflow/schema.ts";
import { policyWhatIf } from "../policyWhatIf.ts";
import { procedure, router } from "../trpc.ts";
import type { WhatIf } from "../views.ts";
import { id } from "./inputs.ts";

export const policyRouter = router({
  whatIf: procedure
    // A mutation only in name: the edited file is too long for an address.
    .meta({ safe: true })
    .input(
      z.strictObject({
        projectId: id,
        workflowPath: z.string().min(1).max(1024),
        /** The edited file, or its policies alone. */
        edited: z.union([
          z.strictObject({ yaml: z.string().max(1_000_000) }),
          z.strictObject({ policies: policiesSchema }),
        ]),
        lastRuns: z.int().min(1).max(100).default(20),
      }),
    )
    .mutation(({ ctx, input }): Promise<WhatIf> => policyWhatIf(ctx, input)),
});
