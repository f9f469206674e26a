import { notConfigured } from "./notConfigured.ts";
import type { StepContext, StepResult } from "./step.ts";

const withoutModel = notConfigured("Agent steps need a model, and this worker has none configured.");

/** Asks policy whether an agent may run at all (a budget of nothing pays for none) before it looks for one. */
export async function agentStep(context: StepContext): Promise<StepResult> {
  const { spec } = context.step;
  if (spec.type !== "agent") throw new TypeError(`A ${spec.type} step is no agent's`);
  const permission = await context.decide({
    request: { action: "agent.run" },
    contentHash: context.idempotencyId("agent"),
    reason: context.step.name,
    subject: { role: spec.role, goal: spec.goal },
  });
  return permission.allowed ? withoutModel(context) : permission.result;
}
