import { formatCredits, toMillicredits } from "../billing/credits.ts";
import type { Policies } from "../workflow/schema.ts";
import type { ActionName } from "./actions.ts";
import { decide } from "./decide.ts";
import { decideNetwork } from "./decideNetwork.ts";
import { decidePatch } from "./decidePatch.ts";
import type { Decision, Deny } from "./decision.ts";
import type { PolicyRequest } from "./policyRequest.ts";

/** The answer to a request; a denial tells every reason, the first of them also as `rule`. */
export type Verdict =
  Exclude<Decision, Deny> | { kind: "deny"; rule: string; message: string; denials: Deny[] };

/** Actions that put something before the public or on the main branch: `checks.required` is asked for these. */
const checkedActions = ["deploy.prod", "pull_request.merge", "release.tag"];

/**
 * What a policy says to a request as a whole: its limits, paths, hosts, required checks and budget first, and where none of
 * them denies, its gates. Pure: the engine and the what-if ask this one function.
 */
export function decideRequest(request: PolicyRequest, policy: Policies): Verdict {
  const denials = denialsOf(request, policy);
  const [first] = denials;
  if (first !== undefined) {
    return {
      kind: "deny",
      rule: first.rule,
      message: denials.map((denial) => denial.message).join(" "),
      denials,
    };
  }
  if (request.action === "network.connect") return networkPermission(request, policy);
  if (request.action === "agent.run") return { kind: "allow", rule: "default" };
  if (request.action === "credits.reserve")
    return { kind: "allow", rule: policy.budget.max_credits === undefined ? "default" : budgetRule };
  const own = decide(request.action as ActionName, policy);
  if (own.kind === "ask" || request.patch === undefined) return own as Exclude<Decision, Deny>;
  // A gate at a path asks for the patch as a whole: one approval, for exactly these files.
  const asked = request.patch.entries
    .flatMap((entry) => [entry.path, ...(entry.oldPath === undefined ? [] : [entry.oldPath])])
    .map((path) => decide(`path.write:${path}`, policy))
    .find((decision) => decision.kind === "ask");
  return (asked ?? own) as Exclude<Decision, Deny>;
}

function denialsOf(request: PolicyRequest, policy: Policies): Deny[] {
  const { action, patch } = request;
  if (action === "network.connect") {
    return hostsOf(request, policy).filter((decision) => decision.kind === "deny");
  }
  if (action === "agent.run") return budgetDenials(policy);
  if (action === "credits.reserve") return creditDenials(request, policy);
  const own = decide(action as ActionName, policy);
  return [
    ...(own.kind === "deny" ? [own] : []),
    ...(patch === undefined ? [] : decidePatch(patch.entries, patch, policy)),
    ...(checkedActions.includes(action) ? missingChecks(request, policy) : []),
  ];
}

function hostsOf(request: PolicyRequest, policy: Policies): Decision[] {
  const registryHosts = request.registryHosts ?? [];
  return (request.hosts ?? []).map((text) => {
    const [, host = text, port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
    return decideNetwork(port === undefined ? { host } : { host, port: Number(port) }, policy.network, {
      registryHosts,
    });
  });
}

function networkPermission(request: PolicyRequest, policy: Policies): Verdict {
  const [first] = hostsOf(request, policy);
  return { kind: "allow", rule: first?.rule ?? "default" };
}

function missingChecks(request: PolicyRequest, policy: Policies): Deny[] {
  const passed = new Set(request.passedChecks ?? []);
  const missing = policy.checks.required.filter((name) => !passed.has(name));
  if (missing.length === 0) return [];
  const message = `${missing.join(", ")} must have passed on this very commit before ${request.action}.`;
  return [{ kind: "deny", rule: "checks.required", message }];
}

const budgetRule = "budget.max_credits";

/** What was spent, what is held beside it, and the most that this can cost must fit together. */
function creditDenials({ credits }: PolicyRequest, policy: Policies): Deny[] {
  const { max_credits: max } = policy.budget;
  if (credits === undefined || max === undefined) return [];
  const { item, wanted, spent, held } = credits;
  const left = toMillicredits(max) - spent - held;
  if (wanted <= left) return [];
  const besides = held === 0 ? "" : `, ${formatCredits(held)} held for what runs beside it`;
  const message =
    `This ${item} can cost up to ${formatCredits(wanted)}, and ${formatCredits(Math.max(0, left))} of policies.budget.max_credits ` +
    `(${formatCredits(toMillicredits(max))}) is left: ${formatCredits(spent)} spent${besides}. ` +
    (item === "command" ? "Lower the step's timeout_sec, or raise max_credits." : "Raise max_credits.");
  return [{ kind: "deny", rule: budgetRule, message }];
}

/** A budget of nothing pays for no model at all. */
function budgetDenials(policy: Policies): Deny[] {
  if (policy.budget.max_credits !== 0) return [];
  const message = "policies.budget.max_credits is 0, and an agent spends credits.";
  return [{ kind: "deny", rule: budgetRule, message }];
}

/** How many entries of a patch are kept in a recorded request. */
const keptEntries = 1000;

/** The request as it is stored. Of a very long patch the entries that policy objects to are kept before the others. */
export function recordableRequest(request: PolicyRequest, policy: Policies): PolicyRequest {
  const { patch } = request;
  if (patch === undefined || patch.entries.length <= keptEntries) return request;
  const weight = { deny: 0, ask: 1, allow: 2 };
  const weightOf = (entry: (typeof patch.entries)[number]): number => {
    const alone = { action: request.action, patch: { entries: [entry], files: 1, bytes: 0 } };
    return weight[decideRequest(alone, policy).kind];
  };
  const entries = patch.entries
    .map((entry) => ({ entry, weight: weightOf(entry) }))
    .sort((a, b) => a.weight - b.weight)
    .slice(0, keptEntries)
    .map(({ entry }) => entry);
  return { ...request, patch: { ...patch, entries } };
}
