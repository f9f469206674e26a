import { CoderError } from "../errors.ts";
import { splitTemplate } from "../workflow/expressions.ts";
import { UnknownExpression } from "./actionsExpression.ts";
import { actionsToCel, type ActionsScope } from "./actionsToCel.ts";
import { finish, readForeignYaml } from "./importActions.ts";
import { importedSecrets } from "./importedSecrets.ts";
import { importStep } from "./importedSteps.ts";
import { importTriggers } from "./importTriggers.ts";
import { Notes, type Interchange } from "./report.ts";
import { asMap, slug, texts, type Written, asText } from "./written.ts";

/** Engines of theirs, and the agents of ours that they are. */
const agents: Record<string, string> = {
  claude: "claude-code",
  codex: "codex",
  gemini: "gemini",
  opencode: "opencode",
};

/** Ecosystems of theirs that the package registry stands for here. */
const registryWords = ["defaults", "node"];

const knownKeys = new Set([
  "on",
  "true",
  "name",
  "description",
  "engine",
  "network",
  "safe-outputs",
  "steps",
  "timeout-minutes",
  "timeout_minutes",
  "env",
  "if",
  "max-turns",
]);

/** Keys that say how their compiler works, or that have no meaning here; nothing is lost with them. */
const silentKeys = new Set([
  "source",
  "strict",
  "features",
  "runs-on",
  "run-name",
  "github-token",
  "tracker-id",
  "lockdown",
  "metadata",
  "labels",
]);

/**
 * A GitHub Agentic Workflow (markdown with frontmatter) as one of ours: its text becomes the goal of an agent step, its
 * own steps run before, and what it may put out becomes the steps after it.
 * See https://github.com/github/gh-aw, docs/src/content/docs/reference/frontmatter.md.
 * @throws CoderError `bad_input` when the file has no frontmatter or no text.
 */
export function importAgenticWorkflow(text: string, path: string): Interchange {
  const { frontmatter, body } = split(text, path);
  const file = readForeignYaml(frontmatter, `The frontmatter of ${path}`);
  const notes = new Notes();
  const on = asMap(file["on"]);
  const { triggers, inputs } = importTriggers(withoutOptions(file["on"] ?? file["true"], notes), notes);
  const steps = [...ownSteps(file, notes), agentStep(file, body, notes), ...outputSteps(file, notes)];
  for (const key of Object.keys(file)) {
    if (!knownKeys.has(key) && !silentKeys.has(key))
      notes.leftOut(key, reasons[key] ?? "there is nothing like it here");
  }
  if (Object.keys(asMap(file["env"])).length > 0)
    notes.changed("env", "the file's own steps have it; an agent is given values in its `inputs`");
  if (typeof file["if"] === "string")
    notes.leftOut("if", "write it as the `if` of the trigger or of the steps");
  const secrets = importedSecrets(steps);
  const title = /^#\s+(.+)$/m.exec(body)?.[1]?.trim();
  const workflow: Written = {
    name: asText(file["name"]) ?? title ?? slug(path.split("/").at(-1)?.replace(/\.md$/, "") ?? "imported"),
    ...(typeof file["description"] === "string" ? { description: file["description"] } : {}),
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    triggers: triggers.length > 0 ? triggers : [{ type: "manual" }],
    policies: {
      network: { allowed_domains: allowedDomains(file["network"], notes) },
      ...limitsOf(file, notes),
      ...(secrets.length > 0 ? { secrets: { allowed: secrets } } : {}),
      ...(on["manual-approval"] === undefined
        ? {}
        : { gates: { require_human_approval_for: ["pull_request.open"] } }),
    },
    steps,
  };
  return finish(workflow, notes, path);
}

const reasons: Record<string, string> = {
  permissions: "runs have no forge token; what they may do is in policies",
  tools: "agents here have the tools of their role; policies limit them",
  imports: "put the imported text into the goal",
  roles: "who may start a run is decided by the role in the organisation",
  "cache-memory": "there is no memory between runs yet",
  "mcp-servers": "configure them for the agent on the worker",
  concurrency: "see `concurrency` of the workflow",
};

function split(text: string, path: string): { frontmatter: string; body: string } {
  const match = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/.exec(text);
  if (match === null)
    throw new CoderError("bad_input", `${path} does not begin with a frontmatter between --- lines`);
  const body = (match[2] ?? "").trim();
  if (body === "") throw new CoderError("bad_input", `${path} has no text after its frontmatter`);
  return { frontmatter: match[1] ?? "", body };
}

const triggerOptions = [
  "stop-after",
  "reaction",
  "skip-if-match",
  "skip-if-no-match",
  "manual-approval",
  "status-comment",
  "roles",
  "bots",
];

/** `on` holds settings beside events. */
function withoutOptions(on: unknown, notes: Notes): unknown {
  if (typeof on !== "object" || on === null || Array.isArray(on)) return on;
  const events: Written = {};
  for (const [key, value] of Object.entries(on)) {
    if (!triggerOptions.includes(key)) events[key] = value;
    else if (key === "manual-approval")
      notes.changed(`on.${key}`, "asked before the change is opened, where what would happen is known");
    else notes.leftOut(`on.${key}`, "there is nothing like it here");
  }
  return events;
}

const scope: ActionsScope = {
  steps: new Map(),
  before: [],
  env: {},
  matrix: {},
  jobOutputs: new Map(),
  secrets: false,
};

function ownSteps(file: Written, notes: Notes): Written[] {
  const list: unknown[] = Array.isArray(file["steps"]) ? file["steps"] : [];
  const surroundings = { env: asMap(file["env"]), workingDirectory: undefined, shell: undefined };
  return list.flatMap((one, index) => {
    const source = { written: asMap(one), at: `steps[${index}]`, surroundings, jobIf: undefined };
    const step = importStep(source, scope, notes);
    return step === undefined ? [] : [step];
  });
}

function agentStep(file: Written, body: string, notes: Notes): Written {
  const engine = file["engine"];
  const id = asText(engine) ?? asText(asMap(engine)["id"]) ?? "copilot";
  const agent = agents[id];
  if (agent === undefined)
    notes.changed("engine", `there is no agent "${id}" here; the built-in one does it`);
  const model = asMap(engine)["model"];
  if (model !== undefined)
    notes.leftOut("engine.model", `set \`model: provider:name\` for ${JSON.stringify(model)}, or a tier`);
  const minutes = file["timeout-minutes"] ?? file["timeout_minutes"];
  const writes = "create-pull-request" in asMap(file["safe-outputs"]);
  return {
    step_id: "agent",
    type: "agent",
    role: writes ? "implementer" : "reviewer",
    ...(agent === undefined ? {} : { agent }),
    goal: goalOf(body, notes),
    ...(typeof minutes === "number"
      ? { timeout_sec: Math.min(86_400, Math.max(1, Math.round(minutes * 60))) }
      : {}),
  };
}

/** How often the agent may ask its model; theirs stands at the engine, or for the whole file. */
function limitsOf(file: Written, notes: Notes): Written {
  const turns = asMap(file["engine"])["max-turns"] ?? file["max-turns"];
  if (turns === undefined) return {};
  if (typeof turns === "number" && Number.isInteger(turns) && turns > 0)
    return { limits: { max_turns: turns } };
  notes.leftOut("engine.max-turns", "set policies.limits.max_turns");
  return {};
}

/** The text with its expressions in CEL; one that has no counterpart stays as words. */
function goalOf(body: string, notes: Notes): string {
  return splitTemplate(body)
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      if (piece.kind === "unclosed") return body.slice(piece.start).replace("${{", "");
      // The text of the issue, comment or change that started the run, as their sanitiser gives it.
      if (/^(needs|steps)\.(activation|sanitized)\.outputs\.text$/.test(piece.source))
        return '${{ event.?comment.?body.orValue(event.?issue.?body.orValue(event.?pull_request.?body.orValue(""))) }}';
      try {
        return `\${{ ${actionsToCel(piece.source, scope)} }}`;
      } catch (error) {
        if (!(error instanceof UnknownExpression)) throw error;
        notes.leftOut("text", `it reads ${error.message}`);
        return `(${piece.source})`;
      }
    })
    .join("");
}

const outputReasons: Record<string, string> = {
  "create-issue": "a run cannot open issues yet; notify tells people",
  "add-comment": "a run cannot comment yet; notify tells people",
  "create-discussion": "there are no discussions; notify tells people",
  "add-labels": "a run cannot label yet",
  "update-issue": "a run cannot edit issues yet",
};

/** What the agent may put out. Their compiler makes a job of each; here the engine does it under policy. */
function outputSteps(file: Written, notes: Notes): Written[] {
  const steps: Written[] = [];
  for (const [name, settings] of Object.entries(asMap(file["safe-outputs"]))) {
    const at = `safe-outputs.${name}`;
    if (name === "create-pull-request") {
      const { "title-prefix": prefix, draft, labels, reviewers } = asMap(settings);
      if (labels !== undefined) notes.leftOut(`${at}.labels`, "label the change by hand");
      const title = `${typeof prefix === "string" ? prefix : ""}Changes by an agent`;
      steps.push({
        step_id: "change",
        type: "pull_request",
        title,
        draft: draft !== false,
        ...(texts(reviewers).length > 0 ? { reviewers: texts(reviewers) } : {}),
      });
    } else if (["create-issue", "add-comment", "create-discussion"].includes(name)) {
      notes.changed(at, outputReasons[name] ?? "");
      if (!steps.some((step) => step["type"] === "notify"))
        steps.push({
          step_id: "tell",
          type: "notify",
          channels: ["inbox"],
          message: "An agent has finished: see the run's log.",
        });
    } else notes.leftOut(at, outputReasons[name] ?? "there is nothing like it here");
  }
  return steps;
}

function allowedDomains(network: unknown, notes: Notes): string[] {
  if (network === undefined || network === "defaults") return ["registry"];
  const { allowed, blocked, firewall } = asMap(network);
  if (blocked !== undefined)
    notes.changed("network.blocked", "only what is listed can be reached, so nothing has to be blocked");
  if (firewall !== undefined) notes.changed("network.firewall", "the sandbox always filters");
  const domains = new Set<string>();
  for (const entry of texts(allowed)) {
    const host = entry.replace(/^https?:\/\//, "");
    if (registryWords.includes(entry)) domains.add("registry");
    else if (!/^(\*\.)?[\w-]+(\.[\w-]+)+(:\d+)?$/.test(host))
      notes.leftOut("network.allowed", `"${entry}" is no host: list the hosts that are needed`);
    else domains.add(host);
  }
  return [...domains];
}
