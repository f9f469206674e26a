import type { Policies } from "../workflow/schema.ts";
import type { ActionName } from "./actions.ts";
import type { Decision } from "./decision.ts";
import { decidePath, matchesPath, normalizePath } from "./decidePath.ts";

/**
 * What the workflow's policy says to one action. A denial wins over a gate, and a gate over permission, so that
 * no approval can lift what the file forbids. For `path.write:` the action carries the path itself.
 */
export function decide(action: ActionName, policy: Policies): Decision {
  const base = decideWithoutGates(action, policy);
  if (base.kind === "deny") return base;
  const {
    require_human_approval_for: gates,
    approvers,
    self_approval: selfApproval,
    expires_sec,
  } = policy.gates;
  const index = gates.findIndex((gate) => gateCovers(gate, action));
  if (index === -1) return base;
  const rule = `gates.require_human_approval_for[${index}]`;
  return { kind: "ask", rule, approvers: [...approvers], selfApproval, expiresSec: expires_sec };
}

function decideWithoutGates(action: ActionName, policy: Policies): Decision {
  const secret = argumentOf(action, "secret.use:");
  if (secret !== undefined) return decideSecret(secret, policy);
  const path = argumentOf(action, "path.write:");
  return path === undefined ? { kind: "allow", rule: "default" } : decidePath(path, policy.repo);
}

/** Whether a run may be given a secret: only when the file lists it. */
function decideSecret(name: string, policy: Policies): Decision {
  const index = policy.secrets.allowed.indexOf(name);
  if (index !== -1) return { kind: "allow", rule: `secrets.allowed[${index}]` };
  const message = `The secret ${name} is not in policies.secrets.allowed.`;
  return { kind: "deny", rule: "secrets.allowed", message };
}

function gateCovers(gate: string, action: ActionName): boolean {
  if (gate === action || (gate === "secret.use:*" && action.startsWith("secret.use:"))) return true;
  const pattern = argumentOf(gate, "path.write:");
  const path = argumentOf(action, "path.write:");
  if (pattern === undefined || path === undefined) return false;
  const normal = normalizePath(path);
  // Without regard to case, as a gate restricts: `Src/App.ts` must not slip past a gate at `src/`.
  return normal.ok && matchesPath(normal.path, pattern, { ignoreCase: true });
}

function argumentOf(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}
