import cronstrue from "cronstrue";
import type { Policies, Trigger } from "../schema.ts";

/** A trigger in one sentence without its full stop. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
export function triggerInWords(trigger: Trigger): string {
  switch (trigger.type) {
    case "manual":
      return "By hand";
    case "cron":
      return `${cronInWords(trigger.cron)}, ${trigger.timezone} time`;
    case "repo_event":
      return eventInWords(trigger);
    case "webhook":
      return `When ${trigger.name} is called, signed with ${trigger.secret_ref}`;
    case "workflow":
      return `After ${trigger.workflow} has ${trigger.on}`;
  }
}

/** "At 09:00 AM, Monday through Friday"; the schedule itself where it has no words. */
export function cronInWords(cron: string): string {
  try {
    return cronstrue.toString(cron, { use24HourTimeFormat: true });
  } catch (error) {
    // cronstrue throws texts.
    if (typeof error === "string" || error instanceof Error) return cron;
    throw error;
  }
}

const eventWords: Record<Extract<Trigger, { type: "repo_event" }>["event"], string> = {
  push: "On a push",
  "pull_request.opened": "When a change is opened",
  "pull_request.updated": "When a change gets new commits",
  "pull_request.merged": "When a change is merged",
  "pull_request.closed": "When a change is closed",
  "pull_request.labeled": "When a change is labelled",
  "pull_request.commented": "When a change is commented on",
  "issue.opened": "When an issue is opened",
  "issue.labeled": "When an issue is labelled",
  "issue.commented": "When an issue is commented on",
  "check.finished": "When a check has finished",
};

function eventInWords(trigger: Extract<Trigger, { type: "repo_event" }>): string {
  const parts = [eventWords[trigger.event]];
  if (trigger.branches !== undefined) parts.push(`to ${listOf(trigger.branches)}`);
  if (trigger.paths !== undefined) parts.push(`touching ${listOf(trigger.paths)}`);
  if (trigger.labels !== undefined) parts.push(`with the label ${listOf(trigger.labels)}`);
  if (trigger.actors.allowed !== undefined) parts.push(`by ${listOf(trigger.actors.allowed)}`);
  if (trigger.actors.allow_bots) parts.push("also by bots");
  if (trigger.if !== undefined) parts.push(`if ${String(trigger.if)}`);
  return parts.join(", ").replace(", to ", " to ");
}

/** What a run may do, each a short line: "may reach: registry". */
export function policiesInWords(policies: Policies): string[] {
  const { budget, limits, repo, network, secrets, checks, gates } = policies;
  const lines = [
    network.allowed_domains.length === 0
      ? "may reach: nothing"
      : `may reach: ${listOf(network.allowed_domains)}`,
    repo.allowed_paths === undefined
      ? "may change: every file"
      : `may change: ${listOf(repo.allowed_paths) || "nothing"}`,
  ];
  if (repo.blocked_paths.length > 0) lines.push(`may not change: ${listOf(repo.blocked_paths)}`);
  if (secrets.allowed.length > 0) lines.push(`may read secrets: ${listOf(secrets.allowed)}`);
  if (gates.require_human_approval_for.length > 0)
    lines.push(`asks before: ${listOf(gates.require_human_approval_for)}`);
  if (gates.approvers.length > 0) lines.push(`asks: ${listOf(gates.approvers)}`);
  if (gates.self_approval) lines.push("who starts it may approve it");
  if (checks.required.length > 0) lines.push(`needs green first: ${listOf(checks.required)}`);
  if (budget.max_credits !== undefined) lines.push(`may cost: ${budget.max_credits} credits`);
  lines.push(`may take: ${duration(budget.max_wall_clock_sec)}`);
  lines.push(`agents: at most ${limits.max_turns} turns, ${limits.max_changed_files} files in a patch`);
  return lines;
}

function listOf(names: readonly string[]): string {
  return names.join(", ");
}

function duration(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
