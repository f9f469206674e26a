import { CoderError } from "../../shared/errors.ts";
import { decideRequest, recordableRequest, type Verdict } from "../../shared/policy/decideRequest.ts";
import type { Deny } from "../../shared/policy/decision.ts";
import type { PolicyRequest } from "../../shared/policy/policyRequest.ts";
import type { Policies } from "../../shared/workflow/schema.ts";
import type { Intent, Permission, RunInfo, StepContext } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { RunEvents } from "./events.ts";
import { idempotencyId } from "./idempotencyId.ts";
import { freezeMessage } from "./sql/freezeMessage.ts";

export interface DecideDeps {
  sql: Sql;
  events: RunEvents;
  run: RunInfo;
  stepId: string;
  policies: Policies;
  approved: StepContext["approved"];
  log(text: string): void;
}

/** What an agent or a command does inside its sandbox is no effect; a freeze lets it go on. */
const sandboxedActions = /^(?:secret\.use:|network\.connect$|agent\.run$|credits\.reserve$)/;

/**
 * The one place where policy answers a step: decides, and stores the answer with its rule and with what it was asked, as an
 * event (which the database copies into the audit log). A dry run is told of denials only, for it has no effects.
 */
export async function decideAndRecord(deps: DecideDeps, intent: Intent): Promise<Permission> {
  const verdict = await verdictOf(deps, intent);
  const input = recordableRequest(intent.request, deps.policies);
  const { action } = input;
  if (verdict.kind === "deny") {
    await recordDenials(deps, verdict.denials, { action, input });
    const failure = { code: "policy_denied" as const, message: verdict.message };
    return { allowed: false, result: { status: "failed", failure } };
  }
  if (deps.run.dryRun) return { allowed: true };
  const { contentHash, reason, subject } = intent;
  const approval = deps.approved.find((one) => one.action === action && one.contentHash === contentHash);
  if (verdict.kind === "ask" && approval === undefined) {
    const { rule } = verdict;
    return {
      allowed: false,
      result: { status: "needs_approval", action, contentHash, reason, subject, rule, input },
    };
  }
  const approvalId = verdict.kind === "ask" ? approval?.approvalId : undefined;
  await deps.events.append(deps.run.id, {
    key: `allowed:${deps.stepId}:${idempotencyId(action, contentHash, approvalId ?? "")}`,
    event: {
      type: "policy.allowed",
      stepId: deps.stepId,
      action,
      rule: verdict.rule,
      contentHash,
      ...(approvalId === undefined ? {} : { approvalId }),
      input,
    },
  });
  return { allowed: true };
}

async function verdictOf(deps: DecideDeps, { request }: Intent): Promise<Verdict> {
  if (!deps.run.dryRun && !sandboxedActions.test(request.action)) {
    const message = await whenConnected(() => freezeMessage(deps.sql, deps.run.projectId));
    const denial: Deny | undefined =
      message === undefined ? undefined : { kind: "deny", rule: "freeze", message };
    if (denial) return { ...denial, denials: [denial] };
  }
  return decideRequest(request, deps.policies);
}

/** Stores denials, each as an event of its own; what was asked goes with the first. */
export async function recordDenials(
  deps: Pick<DecideDeps, "events" | "run" | "stepId" | "log">,
  denials: readonly Pick<Deny, "rule" | "message">[],
  asked: { action?: string; input?: PolicyRequest } = {},
): Promise<void> {
  const { action, input } = asked;
  const events = denials.map(({ rule, message }, index) => ({
    key: `denied:${deps.stepId}:${idempotencyId(action ?? "", rule, message)}`,
    event: {
      type: "policy.denied" as const,
      stepId: deps.stepId,
      rule,
      message,
      ...(action === undefined ? {} : { action }),
      ...(index > 0 || input === undefined ? {} : { input }),
    },
  }));
  for (const { event } of events) deps.log(`${event.rule}: ${event.message}\n`);
  await deps.events.append(deps.run.id, ...events);
}

/**
 * Stores that a command has asked the sandbox's proxy for a host, once per step, with what policy says to it. The proxy has
 * asked the same function: this is its record, not another decision.
 */
export async function recordHost(
  deps: Pick<DecideDeps, "events" | "run" | "stepId" | "policies" | "log">,
  { host, registryHosts }: { host: string; registryHosts: string[] },
): Promise<void> {
  const action = "network.connect";
  const input: PolicyRequest = { action, hosts: [host], registryHosts };
  const verdict = decideRequest(input, deps.policies);
  if (verdict.kind === "allow") {
    const event = { type: "policy.allowed" as const, stepId: deps.stepId, action, rule: verdict.rule, input };
    await deps.events.append(deps.run.id, { key: `reached:${deps.stepId}:${host}`, event });
    return;
  }
  const allowed = deps.policies.network.allowed_domains.join(", ") || "none";
  const message = `Refused: ${host}. Allowed here: ${allowed}; add it to policies.network.allowed_domains.`;
  await recordDenials(deps, [{ rule: verdict.rule, message }], { action, input });
}

/** Refused at the effect itself, by the database or the forge: a freeze that came after the step had been let through. */
export function freezeRefusal(error: unknown): Deny | undefined {
  const byDatabase =
    error instanceof Error && "constraint_name" in error && error.constraint_name === "freeze";
  const details = error instanceof CoderError ? (error.details as { rule?: unknown } | undefined) : undefined;
  if (!byDatabase && details?.rule !== "freeze") return undefined;
  return { kind: "deny", rule: "freeze", message: (error as Error).message };
}
