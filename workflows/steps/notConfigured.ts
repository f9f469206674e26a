import type { StepKind } from "./step.ts";

/** A step type that cannot run here: it fails and says what is missing. In a dry run, which has no effects, it is passed over. */
export function notConfigured(message: string): StepKind {
  return (context) => {
    context.log("note", `${message}\n`);
    if (context.run.dryRun) return Promise.resolve({ status: "succeeded", outputs: { dryRun: true } });
    return Promise.resolve({ status: "failed", failure: { code: "not_configured", message } });
  };
}
