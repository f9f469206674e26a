import type { StepOutcome } from "./executeStep.ts";

/** What a run's workflow is told on its topic `ev`: by its steps, and by public.cancel_run and public.decide_approval. */
export type RunMessage =
  | { type: "done"; stepId: string; round: number; outcome: StepOutcome }
  | { type: "cancel"; reason?: string | null }
  | { type: "approval"; approvalId: string; stepId: string; decision: "approved" | "rejected" };

/**
 * How often a workflow that waits looks for messages by itself. It is told of them; but a message that came while DBOS was
 * connecting its listener anew, after an outage, was told to nobody.
 */
export const messagePollMs = 5000;
