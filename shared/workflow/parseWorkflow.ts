import { checkMeaning } from "./checkMeaning.ts";
import { checkShape } from "./checkShape.ts";
import type { JsonObject } from "./edit/json.ts";
import { nearestName } from "./nearestName.ts";
import type { Problem } from "./problem.ts";
import type { Workflow, WorkflowFile } from "./schema.ts";
import { maxProblems, readWorkflowSource } from "./workflowSource.ts";
import type { WorkflowSource } from "./workflowSource.ts";
import type { Path } from "./yamlPlaces.ts";

export interface ParseOptions {
  /** Where the file is in its repository; names the workflow where the file does not. */
  path: string;
}

export type ParseResult =
  { ok: true; workflow: Workflow; /** Warnings. */ problems: Problem[] } | { ok: false; problems: Problem[] };

/** What is known about the project when a file is linted; what is left out is not checked. */
export interface LintOptions extends ParseOptions {
  /** Names of the secrets that exist for the project. */
  secrets?: readonly string[];
}

/** Reads a workflow file. `ok` means that it may run: its shape, names, expressions and graph are right. */
export function parseWorkflow(text: string | Uint8Array, options: LintOptions): ParseResult {
  const result = check(text, options);
  const problems = inOrder([...result.problems, ...secretProblems(result, options)]);
  if (result.workflow === undefined || problems.some((problem) => problem.severity === "error")) {
    return { ok: false, problems };
  }
  return { ok: true, workflow: result.workflow, problems };
}

/** All findings on a file, errors and warnings, in order of place; with what is known about its project. */
export function lintWorkflow(text: string | Uint8Array, options: LintOptions): Problem[] {
  const result = check(text, options);
  return inOrder([...result.problems, ...secretProblems(result, options)]);
}

/** A problem and what it is about; the path is absent where the file cannot be read. */
export interface Finding {
  problem: Problem;
  path?: Path;
}

/** All that a page shows of a text, also of one with mistakes. Plain data. */
export interface InspectedWorkflow {
  /** What is written; null where the YAML itself cannot be read. */
  value: JsonObject | null;
  /** Only of a file that may run. */
  workflow: Workflow | null;
  findings: Finding[];
}

/** Reads a workflow file once, for its value, its meaning and its findings together. */
export function inspectWorkflow(text: string, options: LintOptions): InspectedWorkflow {
  const result = check(text, options);
  const problems = inOrder([...result.problems, ...secretProblems(result, options)]);
  const findings = problems.map((problem): Finding => {
    const path = result.source?.pathOf(problem);
    return path === undefined ? { problem } : { problem, path };
  });
  const failed = problems.some((problem) => problem.severity === "error");
  return {
    value: (result.source?.value as JsonObject | undefined) ?? null,
    workflow: failed ? null : (result.workflow ?? null),
    findings,
  };
}

/** In order of place, no more than are placed. Errors that were cut away must not make a file look right. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const errorsFirst = [...problems].sort(
    (a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"),
  );
  return errorsFirst.slice(0, maxProblems).sort((a, b) => a.line - b.line || a.column - b.column);
}

interface Checked {
  problems: Problem[];
  workflow?: Workflow;
  source?: WorkflowSource;
}

function check(text: string | Uint8Array, options: ParseOptions): Checked {
  const read = readWorkflowSource(text);
  if (!read.ok) return { problems: read.problems };
  const shape = checkShape(read.source);
  if (!shape.ok) return { source: read.source, problems: shape.problems };
  const workflow = withIds(shape.file, options.path);
  return { workflow, source: read.source, problems: checkMeaning(workflow, read.source) };
}

/** Fills in what the file may leave out: the workflow's id from the file's name, step ids from their position. */
function withIds(file: WorkflowFile, path: string): Workflow {
  const name = (path.split("/").at(-1) ?? "").replace(/\.(ya?ml|json)$/i, "");
  const steps = file.steps.map((step, index) => ({ ...step, step_id: step.step_id ?? `s${index + 1}` }));
  return { ...file, workflow_id: file.workflow_id ?? (name === "" ? "workflow" : name), steps };
}

function secretProblems({ workflow, source }: Checked, options: LintOptions): Problem[] {
  return workflow === undefined || source === undefined ? [] : checkSecretsExist(workflow, source, options);
}

function checkSecretsExist(workflow: Workflow, source: WorkflowSource, { secrets }: LintOptions): Problem[] {
  if (secrets === undefined) return [];
  const hint = (name: string, otherwise: string): string => {
    const nearest = nearestName(name, secrets);
    const meant = nearest === undefined ? "" : `did you mean "${nearest}"? Else `;
    return `${meant}add it under Settings, Secrets or with \`coder secrets set ${name}\`${otherwise}`;
  };
  const given = workflow.policies.secrets.allowed.flatMap((name, index) => {
    if (secrets.includes(name)) return [];
    const at = { path: ["policies", "secrets", "allowed", index], hint: hint(name, ", or remove it here") };
    return [source.problem("unknown_secret", `the project has no secret ${name}`, at)];
  });
  // No error: by hand, and by its other triggers, the workflow starts all the same.
  const signed = workflow.triggers.flatMap((trigger, index) => {
    if (trigger.type !== "webhook" || secrets.includes(trigger.secret_ref)) return [];
    const at = { path: ["triggers", index, "secret_ref"], hint: hint(trigger.secret_ref, ""), warning: true };
    const message = `the project has no secret ${trigger.secret_ref}, so every call of ${trigger.name} is refused`;
    return [source.problem("unknown_secret", message, at)];
  });
  return [...given, ...signed];
}
