import type { RunEvent } from "../run/events.ts";
import type { Policies } from "../workflow/schema.ts";
import { decideRequest } from "./decideRequest.ts";
import type { PolicyRequest } from "./policyRequest.ts";

export type Answer = "allow" | "ask" | "deny";

/** What a run asked of policy, and what it was told then. */
export interface RecordedDecision {
  runId: string;
  runNumber: number;
  stepId: string | null;
  answer: Answer;
  rule: string;
  request: PolicyRequest;
}

/** A recorded decision that the edited policy turns round. */
export interface Difference extends Omit<RecordedDecision, "request"> {
  action: string;
  newAnswer: Answer;
  newRule: string;
  /** Why it would be refused; empty for the other answers. */
  message: string;
}

/** The rule of a denial that is not in the file: a freeze says nothing about the policy. */
const freezeRule = "freeze";

/**
 * What another policy would have said to what runs have done: the decisions whose answer differs, in the order given.
 * A policy that has not changed gives an empty list.
 */
export function whatIf(decisions: readonly RecordedDecision[], edited: Policies): Difference[] {
  return decisions.flatMap(({ request, ...recorded }) => {
    if (recorded.rule === freezeRule) return [];
    const verdict = decideRequest(request, edited);
    if (verdict.kind === recorded.answer) return [];
    return [
      {
        ...recorded,
        action: request.action,
        newAnswer: verdict.kind,
        newRule: verdict.rule,
        message: verdict.kind === "deny" ? verdict.message : "",
      },
    ];
  });
}

/** The decision that an event of a run records, or undefined for one that records none (or none of its own). */
export function decisionOf(
  run: { id: string; number: number },
  event: RunEvent,
): RecordedDecision | undefined {
  const base = { runId: run.id, runNumber: run.number };
  if (event.type === "policy.allowed") {
    // Let through by an approval: the question before it is the decision.
    if (event.approvalId !== undefined) return undefined;
    return { ...base, stepId: event.stepId, answer: "allow", rule: event.rule, request: event.input };
  }
  if (event.type === "policy.denied" && event.input !== undefined)
    return { ...base, stepId: event.stepId, answer: "deny", rule: event.rule, request: event.input };
  if (event.type === "step.waiting" && event.input !== undefined && event.replaces === undefined)
    return { ...base, stepId: event.stepId, answer: "ask", rule: event.rule ?? "", request: event.input };
  return undefined;
}
