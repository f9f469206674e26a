import type { StepOutcome } from "./executeStep.ts";

/** What a run's workflow is told on its topic `ev`: by its steps, and by public.cancel_run and public.decide_approval. */
export type RunMessage =
  | { type: "done"; stepId: string; round: number; outcome: StepOutcome }
  | { type: "cancel"; reason?: string | null }
  | { type: "approval"; approvalId: string; stepId: string; decision: "approved" | "rejected" };
