import picomatch from "picomatch";
import { CoderError } from "../errors.ts";
import { matchesPath } from "../policy/decidePath.ts";
import { evaluateCondition, type ExpressionContext, type Value } from "../workflow/expressions.ts";
import type { Trigger, Workflow } from "../workflow/schema.ts";
import { isDue } from "./dueTimes.ts";
import type { Source, TriggerEvent } from "./triggerEvent.ts";

/** The clause that kept a trigger from firing, by its place in the file, and why. */
export interface Rejection {
  /** `triggers[1].branches` */
  clause: string;
  /** `"main" does not match "feature/x"` */
  reason: string;
}

export type TriggerVerdict =
  { trigger: number; fires: true } | { trigger: number; fires: false; rejection: Rejection };

/** The workflow that is asked about. */
export interface Asked {
  workflow: Pick<Workflow, "triggers">;
  path: string;
  /** What `project` is in an `if`; `ref` is what the run would be of. */
  project: ExpressionContext["project"];
}

/**
 * Which of a workflow's triggers an event fires; for each of the others the first clause that rejects it.
 * Pure: `deliver`, `coder explain` and the Studio's explain panel all ask this function.
 */
export function matchTriggers(asked: Asked, event: TriggerEvent): TriggerVerdict[] {
  return asked.workflow.triggers.map((trigger, index): TriggerVerdict => {
    const failed = rejectionOf(trigger, event, asked);
    if (failed === undefined) return { trigger: index, fires: true };
    const at = `triggers[${index}]`;
    const clause = failed.clause === "" ? at : `${at}.${failed.clause}`;
    return { trigger: index, fires: false, rejection: { clause, reason: failed.reason } };
  });
}

const sourceOf: Record<Trigger["type"], Source> = {
  manual: "manual",
  cron: "cron",
  repo_event: "repo",
  webhook: "webhook",
  workflow: "workflow",
};
const sourceNames: Record<Source, string> = {
  manual: "a start by hand",
  cron: "a due time",
  repo: "a repository event",
  webhook: "a webhook",
  workflow: "the end of a workflow",
};

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function rejectionOf(trigger: Trigger, event: TriggerEvent, asked: Asked): Rejection | undefined {
  if (sourceOf[trigger.type] !== event.source) {
    const reason = `waits for ${sourceNames[sourceOf[trigger.type]]}, and this is ${sourceNames[event.source]}`;
    return { clause: "type", reason };
  }
  switch (trigger.type) {
    case "manual":
      return undefined;
    case "cron":
      return rejectCron(trigger, event, asked);
    case "repo_event":
      return rejectRepoEvent(trigger, event, asked);
    case "webhook":
      return rejectWebhook(trigger, event, asked);
    case "workflow":
      return rejectWorkflow(trigger, event, asked);
  }
}

function rejectCron(
  trigger: Trigger & { type: "cron" },
  event: TriggerEvent,
  { path }: Asked,
): Rejection | undefined {
  // A due minute belongs to one file; without a file it is asked of all.
  if (event.event !== "" && event.event !== path)
    return { clause: "cron", reason: `what is due is ${event.event}` };
  const due = textOf(event.payload["due"]);
  if (isDue(trigger, Date.parse(due))) return undefined;
  return { clause: "cron", reason: `"${trigger.cron}" (${trigger.timezone}) is not due at ${due}` };
}

function rejectRepoEvent(
  trigger: Trigger & { type: "repo_event" },
  event: TriggerEvent,
  asked: Asked,
): Rejection | undefined {
  const { payload } = event;
  if (trigger.event !== event.event) return unequal("event", trigger.event, event.event);
  return (
    rejectBranch(trigger.branches, payload["branch"]) ??
    rejectPaths(trigger.paths, payload["paths"]) ??
    rejectLabels(trigger.labels, payload) ??
    rejectActor(trigger.actors, payload["actor"]) ??
    rejectCondition(trigger.if, event, asked)
  );
}

function rejectBranch(
  globs: readonly string[] | undefined,
  branch: Value | undefined,
): Rejection | undefined {
  if (globs === undefined) return undefined;
  if (typeof branch !== "string") return { clause: "branches", reason: "the event is of no branch" };
  if (globs.some((glob) => isBranchMatch(branch, glob))) return undefined;
  return { clause: "branches", reason: `${listed(globs)} does not match ${quoted(branch)}` };
}

/** `*` stays within one part of the name, `**` does not; negation and extended globs are off. */
function isBranchMatch(branch: string, glob: string): boolean {
  return picomatch.isMatch(branch, glob, { dot: true, nonegate: true, noextglob: true });
}

const shownPaths = 5;

function rejectPaths(globs: readonly string[] | undefined, value: Value | undefined): Rejection | undefined {
  if (globs === undefined) return undefined;
  if (!Array.isArray(value)) return { clause: "paths", reason: "the event names no changed paths" };
  const paths = value.filter((path) => typeof path === "string");
  const matches = (path: string) =>
    globs.some((glob) => matchesPath(path.normalize("NFC"), glob, { ignoreCase: false }));
  if (paths.some(matches)) return undefined;
  if (paths.length === 0) return { clause: "paths", reason: "nothing has changed" };
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : "";
  const changed = `${listed(paths.slice(0, shownPaths), ", ")}${more}`;
  return { clause: "paths", reason: `${listed(globs)} does not match ${changed}` };
}

/** When a label was just given it is that label that counts, else any that is there. */
function rejectLabels(
  wanted: readonly string[] | undefined,
  payload: Record<string, Value>,
): Rejection | undefined {
  if (wanted === undefined) return undefined;
  const { label, labels } = payload;
  const present = typeof label === "string" ? [label] : Array.isArray(labels) ? labels.map(textOf) : [];
  if (present.some((one) => wanted.includes(one))) return undefined;
  const found = present.length === 0 ? "there is no label" : `the label is ${listed(present)}`;
  return { clause: "labels", reason: `${listed(wanted)} is wanted, and ${found}` };
}

function rejectActor(
  actors: { allow_bots: boolean; allowed?: string[] | undefined },
  actor: Value | undefined,
): Rejection | undefined {
  const { id, name, bot } = isRecord(actor) ? actor : {};
  const shown = textOf(name ?? id ?? "") || "nobody";
  if (bot === true && !actors.allow_bots)
    return { clause: "actors.allow_bots", reason: `${quoted(shown)} is a bot, and bots are not allowed` };
  if (actors.allowed === undefined) return undefined;
  if (actors.allowed.some((one) => one === id || one === name)) return undefined;
  return { clause: "actors.allowed", reason: `${quoted(shown)} is not one of ${listed(actors.allowed)}` };
}

function rejectWebhook(
  trigger: Trigger & { type: "webhook" },
  event: TriggerEvent,
  asked: Asked,
): Rejection | undefined {
  if (trigger.name !== event.event) return unequal("name", trigger.name, event.event);
  // Who knows one secret must not start what another one guards.
  const { secret_ref: signedWith } = event.payload;
  if (typeof signedWith === "string" && signedWith !== trigger.secret_ref)
    return unequal("secret_ref", trigger.secret_ref, signedWith);
  return rejectCondition(trigger.if, event, asked);
}

function rejectWorkflow(
  trigger: Trigger & { type: "workflow" },
  event: TriggerEvent,
  asked: Asked,
): Rejection | undefined {
  if (!isSameWorkflow(trigger.workflow, event.event))
    return unequal("workflow", trigger.workflow, event.event);
  const status = textOf(event.payload["status"]);
  if (trigger.on !== "finished" && trigger.on !== status) return unequal("on", trigger.on, status);
  return rejectCondition(trigger.if, event, asked);
}

/** A trigger names the other workflow by its path or by its file's name. */
export function isSameWorkflow(named: string, path: string): boolean {
  return named === path || named === path.split("/").at(-1);
}

function rejectCondition(
  condition: string | boolean | undefined,
  event: TriggerEvent,
  { project }: Asked,
): Rejection | undefined {
  if (condition === undefined) return undefined;
  try {
    const context = { event: event.payload, project, inputs: {}, steps: {}, run: noRun };
    if (evaluateCondition(condition, context)) return undefined;
    return { clause: "if", reason: `\`${String(condition)}\` is false` };
  } catch (error) {
    // A name that this event lacks: the expression says nothing about it, so it does not fire.
    if (error instanceof CoderError && error.code === "bad_input")
      return { clause: "if", reason: error.message };
    throw error;
  }
}

const noRun = { id: "", number: 0, commit: "", trigger: "", attempt: 0 };

function unequal(clause: string, wanted: string, found: string): Rejection {
  return { clause, reason: `${quoted(wanted)} is not ${quoted(found)}` };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function listed(texts: readonly string[], between = " or "): string {
  return texts.map(quoted).join(between);
}

function textOf(value: Value | undefined): string {
  return typeof value === "string"
    ? value
    : value === undefined || value === null
      ? ""
      : JSON.stringify(value);
}

function isRecord(value: Value | undefined): value is Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
