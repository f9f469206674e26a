import type { StepStatus } from "./events.ts";

/** The step to look at first: what failed, else what waits or runs or was canceled, else the last that succeeded. */
export function stepOfInterest<Step extends { status: StepStatus }>(
  steps: readonly Step[],
): Step | undefined {
  const by = (status: StepStatus) => steps.find((step) => step.status === status);
  return (
    by("failed") ??
    by("waiting") ??
    by("running") ??
    by("canceled") ??
    steps.findLast((step) => step.status === "succeeded") ??
    steps[0]
  );
}
