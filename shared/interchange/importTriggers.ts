import { asMap, asText, slug, texts, type Written } from "./written.ts";
import { fuzzySchedule } from "./fuzzySchedule.ts";
import type { Notes } from "./report.ts";

export interface ImportedTriggers {
  triggers: Written[];
  inputs: Record<string, Written>;
}

/** The `on` of a GitHub Actions or Agentic Workflows file as triggers and inputs. */
export function importTriggers(on: unknown, notes: Notes): ImportedTriggers {
  const result: ImportedTriggers = { triggers: [], inputs: {} };
  for (const [name, settings] of eventsOf(on)) {
    const add = importers[name];
    if (add === undefined) {
      notes.leftOut(`on.${name}`, unknownEvents[name] ?? "there is no such event here");
      continue;
    }
    result.triggers.push(
      ...add(asMap(settings), { at: `on.${name}`, notes, settings, inputs: result.inputs }),
    );
  }
  return result;
}

const unknownEvents: Record<string, string> = {
  repository_dispatch: "use a webhook trigger: { type: webhook, name: …, secret_ref: … }",
  workflow_call: "a workflow is started by another one with { type: workflow }, without inputs",
  release: "use { type: workflow, workflow: release.yaml }",
};

/** Settings of the events, by name. */
function eventsOf(on: unknown): [string, unknown][] {
  // Short forms of Agentic Workflows: a time in words, a command.
  if (typeof on === "string" && fuzzySchedule(on) !== undefined) return [["schedule", on]];
  if (typeof on === "string" && /^\/\w/.test(on)) return [["slash_command", on.slice(1)]];
  if (typeof on === "string") return [[on, null]];
  if (Array.isArray(on)) return on.map((name) => [String(name), null]);
  return Object.entries(asMap(on));
}

interface Place {
  at: string;
  notes: Notes;
  settings: unknown;
  inputs: Record<string, Written>;
}

type Importer = (settings: Written, place: Place) => Written[];

const importers: Record<string, Importer> = {
  push: (settings, place) => {
    if (settings["tags"] !== undefined)
      place.notes.leftOut(`${place.at}.tags`, "a push here is one of a branch; tags start nothing");
    if (settings["tags"] !== undefined && settings["branches"] === undefined) return [];
    return [repoEvent("push", filters(settings, place))];
  },
  pull_request: pullRequest,
  pull_request_target: (settings, place) => {
    place.notes.changed(
      place.at,
      "the file of the default branch judges every change, so it is pull_request here",
    );
    return pullRequest(settings, place);
  },
  issues: (settings, place) =>
    ofTypes(settings, place, {
      known: { opened: "issue.opened", labeled: "issue.labeled" },
      otherwise: ["opened"],
    }),
  issue_comment: (settings, place) => {
    const types = { known: { created: "issue.commented" }, otherwise: ["created"] };
    return ofTypes(settings, place, types).flatMap((trigger) => [
      trigger,
      { ...trigger, event: "pull_request.commented" },
    ]);
  },
  check_run: () => [repoEvent("check.finished", {})],
  check_suite: () => [repoEvent("check.finished", {})],
  schedule,
  workflow_dispatch: (settings, place) => {
    for (const [name, input] of Object.entries(asMap(settings["inputs"])))
      place.inputs[name] = importInput(asMap(input), `${place.at}.inputs.${name}`, place.notes);
    return [{ type: "manual" }];
  },
  workflow_run: (settings, place) =>
    texts(settings["workflows"]).map((name) => {
      const workflow = `${slug(name)}.yaml`;
      place.notes.changed(place.at, `the workflow named "${name}" is taken for the file ${workflow}`);
      return { type: "workflow", workflow, on: "finished" };
    }),
  command: slashCommand,
  slash_command: slashCommand,
};

function pullRequest(settings: Written, place: Place): Written[] {
  const known = {
    opened: "pull_request.opened",
    reopened: "pull_request.opened",
    ready_for_review: "pull_request.opened",
    synchronize: "pull_request.updated",
    closed: "pull_request.closed",
    labeled: "pull_request.labeled",
  };
  return ofTypes(settings, place, { known, otherwise: ["opened", "synchronize"] });
}

function ofTypes(
  settings: Written,
  place: Place,
  types: { known: Record<string, string>; otherwise: string[] },
): Written[] {
  const asked = settings["types"] === undefined ? types.otherwise : texts(settings["types"]);
  const events = new Set<string>();
  for (const type of asked) {
    const event = types.known[type];
    if (event === undefined) place.notes.leftOut(`${place.at}.types`, `there is no event for "${type}" here`);
    else events.add(event);
  }
  const shared = filters(settings, place);
  return [...events].map((event) => repoEvent(event, shared));
}

function repoEvent(event: string, shared: Written): Written {
  return { type: "repo_event", event, ...shared, actors: { allow_bots: true } };
}

function filters(settings: Written, { at, notes }: Place): Written {
  const shared: Written = {};
  for (const key of ["branches", "paths"] as const) {
    const globs = texts(settings[key]);
    const wanted = globs.filter((glob) => !glob.startsWith("!"));
    if (wanted.length > 0) shared[key] = wanted;
    if (wanted.length < globs.length || settings[`${key}-ignore`] !== undefined)
      notes.leftOut(
        `${at}.${key}-ignore`,
        `${key} are listed here by what they are, not by what they are not`,
      );
  }
  const labels = texts(settings["labels"] ?? settings["names"]);
  if (labels.length > 0) shared["labels"] = labels;
  return shared;
}

/** Cron entries, and the words of Agentic Workflows, whose minute is theirs to choose. */
function schedule(_: Written, { at, notes, settings }: Place): Written[] {
  if (typeof settings === "string") {
    if (settings.trim().split(/\s+/).length === 5 && /^[\d*]/.test(settings.trim()))
      return [cronTrigger(settings.trim(), undefined)];
    const cron = fuzzySchedule(settings);
    if (cron === undefined) {
      notes.leftOut(at, `"${settings}" is no cron expression, and cannot be written as one`);
      return [];
    }
    notes.changed(at, `"${settings}" has no minute of its own; it is ${cron} (UTC) here`);
    return [cronTrigger(cron, undefined)];
  }
  return (Array.isArray(settings) ? settings : []).map((entry) => {
    const { cron, timezone } = asMap(entry);
    return cronTrigger(asText(cron) ?? "", asText(timezone));
  });
}

function cronTrigger(cron: string, timezone: string | undefined): Written {
  return { type: "cron", cron, timezone: timezone ?? "UTC", catch_up: "none" };
}

function slashCommand(settings: Written, { at, notes, settings: raw }: Place): Written[] {
  const name = typeof raw === "string" ? raw : (asText(settings["name"]) ?? "coder");
  notes.changed(at, `it fires on comments that begin with /${name}`);
  return ["issue.commented", "pull_request.commented"].map((event) => ({
    type: "repo_event",
    event,
    if: `event.comment.body.startsWith(${JSON.stringify(`/${name}`)})`,
  }));
}

function importInput(input: Written, at: string, notes: Notes): Written {
  const type = asText(input["type"]) ?? "string";
  const known = ["string", "boolean", "number", "choice"].includes(type);
  if (!known) notes.changed(at, `an input of type ${type} is a text here`);
  const written: Written = { type: known ? type : "string" };
  for (const key of ["description", "required", "default", "options"])
    if (input[key] !== undefined && (key !== "options" || type === "choice")) written[key] = input[key];
  if (written["type"] === "boolean" && typeof written["default"] === "string")
    written["default"] = written["default"] === "true";
  return written;
}
