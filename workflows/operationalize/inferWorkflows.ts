import { stringify } from "yaml";
import type { ProjectFacts } from "./projectFacts.ts";

/** A workflow that fits the project, before it is tried. */
export interface InferredWorkflow {
  path: string;
  content: string;
  purpose: string;
  permissions: string[];
}

export interface Inference {
  workflows: InferredWorkflow[];
  leftOut: { path: string; reason: string }[];
}

interface Step {
  step_id: string;
  type: string;
  name?: string;
  [key: string]: unknown;
}

const folder = ".coder/workflows";
export const inferredPaths = {
  ci: `${folder}/ci.yaml`,
  updates: `${folder}/dependency-updates.yaml`,
  release: `${folder}/release.yaml`,
} as const;

/**
 * The workflows that fit what the project really has: no lint step without a linter, no deploy without a site.
 * Pure and deterministic: the same facts give the same bytes. What exists already is never proposed again.
 */
export function inferWorkflows(facts: ProjectFacts): Inference {
  const candidates = [ci(facts), dependencyUpdates(facts), release(facts)];
  const inference: Inference = { workflows: [], leftOut: [] };
  for (const candidate of candidates) {
    if ("reason" in candidate) inference.leftOut.push(candidate);
    else if (facts.existingWorkflows.includes(candidate.path))
      inference.leftOut.push({ path: candidate.path, reason: "The project has it already" });
    else inference.workflows.push(candidate);
  }
  return inference;
}

type Candidate = InferredWorkflow | { path: string; reason: string };

function ci(facts: ProjectFacts): Candidate {
  const steps = [...checkSteps(facts), ...deploySteps(facts, "preview")];
  if (steps.length === 0)
    return { path: inferredPaths.ci, reason: "There is nothing to install, test, build or deploy" };
  return {
    path: inferredPaths.ci,
    content: render(
      "Checks every change: what the project has of lint, types, tests and build, then a preview anyone with the link can open.",
      {
        name: "CI",
        triggers: [
          { type: "manual" },
          { type: "repo_event", event: "push", branches: [facts.defaultBranch], actors: withBots },
          { type: "repo_event", event: "pull_request.opened", actors: withBots },
          { type: "repo_event", event: "pull_request.updated", actors: withBots },
        ],
        // A newer push makes the older run pointless; a run that somebody started by hand is theirs to stop.
        concurrency: {
          group: 'ci-${{ project.ref }}-${{ has(event.event) ? "events" : "by-hand" }}',
          max: 1,
          when_full: "cancel_oldest",
        },
        defaults: { on_interrupt: "retry" },
        policies: policies(1800),
        steps,
      },
    ),
    purpose: `On every change and every push to ${facts.defaultBranch}: ${sentence(steps)}`,
    permissions: [
      "Reads the project; changes nothing in it",
      networkPermission,
      "Runs at most 30 minutes",
      ...(facts.siteDirectory === null ? [] : ["Publishes a preview of the build"]),
    ],
  };
}

function dependencyUpdates(facts: ProjectFacts): Candidate {
  if (facts.packageManager === null || !facts.hasDependencies)
    return { path: inferredPaths.updates, reason: "The project has no dependencies to update" };
  const checks = checkSteps(facts).filter((step) => step.step_id !== "install");
  const steps: Step[] = [
    command("update", "Update within the allowed ranges", updateCommand(facts)),
    ...checks,
    {
      step_id: "change",
      type: "pull_request",
      title: "Update dependencies",
      body: "Newer versions within the ranges that package.json allows. The checks of this run passed with them.",
    },
  ];
  return {
    path: inferredPaths.updates,
    content: render(
      "Every Monday: newer versions on a branch, tried with the project's own checks, then one change to review.",
      {
        name: "Dependency updates",
        triggers: [
          { type: "cron", cron: "0 6 * * 1", timezone: "UTC", catch_up: "last" },
          { type: "manual" },
        ],
        defaults: { on_interrupt: "retry" },
        concurrency: { group: "dependency-updates", max: 1, when_full: "skip" },
        policies: {
          ...policies(3600),
          repo: { allowed_paths: ["package.json", ...(facts.lockFile === null ? [] : [facts.lockFile])] },
        },
        steps,
      },
    ),
    purpose: "Every Monday at 6:00 UTC: updates dependencies on a branch, runs the checks and opens a change",
    permissions: [
      `May change package.json${facts.lockFile === null ? "" : ` and ${facts.lockFile}`}, nothing else`,
      networkPermission,
      "Runs at most 60 minutes",
      "Opens a change; never merges it",
    ],
  };
}

function release(facts: ProjectFacts): Candidate {
  if (facts.siteDirectory === null)
    return {
      path: inferredPaths.release,
      reason: "No static site comes out of the build, so there is nothing that can be deployed yet",
    };
  return {
    path: inferredPaths.release,
    content: render(
      "Ships the default branch: checks, a person's yes, then production. Roll back from the run's page.",
      {
        name: "Release",
        triggers: [{ type: "manual" }],
        defaults: { on_interrupt: "retry" },
        concurrency: { group: "release", max: 1, when_full: "queue" },
        // A founder alone must be able to ship; a team sets this to false.
        policies: { ...policies(3600), gates: { self_approval: true } },
        steps: [
          ...checkSteps(facts),
          { step_id: "approve", type: "approve", reason: "Deploy to production" },
          ...deploySteps(facts, "prod"),
        ],
      },
    ),
    purpose: "By hand: runs the checks, waits for a person's approval, deploys to production",
    permissions: [
      "Reads the project; changes nothing in it",
      networkPermission,
      "Deploys to production, each time only after a person approves",
    ],
  };
}

/** Changes that a workflow opens are checked like anybody's. */
const withBots = { allow_bots: true };

const networkPermission = "Reaches the package registry and no other host";

function policies(maxWallClockSec: number): Record<string, unknown> {
  return { budget: { max_wall_clock_sec: maxWallClockSec }, network: { allowed_domains: ["registry"] } };
}

/** Install, lint, types, tests, build: each only if the project has it. */
function checkSteps(facts: ProjectFacts): Step[] {
  if (facts.packageManager === null) return [];
  const { scripts } = facts;
  const runScript = (name: string): string => `${runner(facts)} run ${name}`;
  return [
    ...(facts.hasDependencies ? [command("install", "Install", installCommand(facts))] : []),
    ...(scripts.lint === null ? [] : [command("lint", "Lint", runScript(scripts.lint))]),
    ...(scripts.types === null ? [] : [command("types", "Check types", runScript(scripts.types))]),
    ...(scripts.test === null
      ? []
      : [{ ...command("test", "Run tests", runScript(scripts.test)), env: { CI: "1" } }]),
    ...(scripts.build === null ? [] : [command("build", "Build", runScript(scripts.build))]),
  ];
}

function deploySteps(facts: ProjectFacts, target: "preview" | "prod"): Step[] {
  if (facts.siteDirectory === null) return [];
  const name = target === "prod" ? "Deploy to production" : "Deploy a preview";
  return [
    {
      step_id: target === "prod" ? "deploy" : "preview",
      type: "deploy",
      name,
      target,
      inputs: { dir: facts.siteDirectory },
    },
  ];
}

function command(step_id: string, name: string, commandLine: string): Step {
  return { step_id, type: "command", name, command: commandLine };
}

/** How the package manager is called: npm comes with Node, the others through it at the version the project names. */
function runner(facts: ProjectFacts): string {
  return facts.packageManager === null || facts.packageManager === "npm"
    ? "npm"
    : `npx --yes ${facts.packageManager}`;
}

function installCommand(facts: ProjectFacts): string {
  switch (facts.packageManager) {
    case "pnpm":
    case "bun":
    case "yarn":
      return `${runner(facts)} install${facts.lockFile === null ? "" : " --frozen-lockfile"}`;
    default:
      return facts.lockFile === null
        ? "npm install --no-package-lock --no-audit --no-fund"
        : "npm ci --no-audit --no-fund";
  }
}

function updateCommand(facts: ProjectFacts): string {
  switch (facts.packageManager) {
    case "pnpm":
    case "bun":
      return `${runner(facts)} update`;
    case "yarn":
      return `${runner(facts)} upgrade`;
    default:
      return `npm update --save${facts.lockFile === null ? " --no-package-lock" : ""} --no-audit --no-fund`;
  }
}

function sentence(steps: Step[]): string {
  const words = steps.map((step) => (step.name ?? step.type).toLowerCase());
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function render(head: string, workflow: Record<string, unknown>): string {
  return `# ${head}\n# Yours to edit: this file is what runs. The language is described in the product's documentation.\n${stringify({ version: 1, ...workflow }, { lineWidth: 110 })}`;
}
