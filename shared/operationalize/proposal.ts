import { z } from "zod";

/** What Operationalize found and proposes: the `data` of the run's artifact of kind `proposal`. */

export const trialSchema = z.object({
  outcome: z.enum(["green", "red", "not_tried"]),
  /** One sentence: "green in 41 s", "Run tests failed: 1 of 14 tests". */
  summary: z.string(),
  durationMs: z.number(),
  /** The step that went red. */
  failedStep: z.string().nullable(),
});
export type Trial = z.infer<typeof trialSchema>;

export const proposedFileSchema = z.object({
  path: z.string(),
  content: z.string(),
  /** What the workflow does, one sentence. */
  purpose: z.string(),
  /** What it may do: paths, hosts, time, approvals; one sentence each. */
  permissions: z.array(z.string()),
  trial: trialSchema,
});
export type ProposedFile = z.infer<typeof proposedFileSchema>;

export const proposalSchema = z.object({
  baseCommit: z.string(),
  /** What was read, in words: "Vite + Solid", "14 tests", "no CI". */
  findings: z.array(z.string()),
  files: z.array(proposedFileSchema),
  /** What was left out, and why. */
  leftOut: z.array(z.object({ path: z.string(), reason: z.string() })),
});
export type Proposal = z.infer<typeof proposalSchema>;

/** The branch that the change of a proposal is made on. */
export const proposalBranch = "coder/operationalize";
