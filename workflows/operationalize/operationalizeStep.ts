import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import {
  proposalSchema,
  proposedFileSchema,
  trialSchema,
  type Proposal,
  type Trial,
} from "../../shared/operationalize/proposal.ts";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { problemText } from "../../shared/workflow/problemText.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { StepContext, StepKind, StepResult } from "../steps/step.ts";
import { inferredPaths, inferWorkflows } from "./inferWorkflows.ts";
import { describeFacts, readProjectFacts } from "./projectFacts.ts";
import { tryWorkflow } from "./tryWorkflow.ts";

/** Steps of a run of kind "operationalize", in order. */
export const operationalizeSteps = [
  { id: "read", name: "Read the project" },
  { id: "ci", name: "Try ci.yaml" },
  { id: "dependency-updates", name: "Try dependency-updates.yaml" },
  { id: "release", name: "Try release.yaml" },
  { id: "propose", name: "Propose" },
] as const;

const readOutputs = z.object({
  findings: z.array(z.string()),
  files: z.array(proposedFileSchema.omit({ trial: true })),
  leftOut: z.array(z.object({ path: z.string(), reason: z.string() })),
});
const trialOutputs = z.object({ trial: trialSchema, green: z.array(z.tuple([z.string(), z.number()])) });

const maxFileBytes = 1_000_000;
const commandTimeoutMs = 600_000;

/** The step kind behind Operationalize: which of the five steps it is comes from the step's id. */
export const operationalizeStep: StepKind = async (context) => {
  switch (context.step.id) {
    case "read":
      return readStep(context);
    case "ci":
      return tryStep(context, inferredPaths.ci);
    case "dependency-updates":
      return tryStep(context, inferredPaths.updates);
    case "release":
      return tryStep(context, inferredPaths.release);
    case "propose":
      return proposeStep(context);
    default:
      throw new CoderError("internal", `Operationalize has no step ${context.step.id}`);
  }
};

async function readStep(context: StepContext): Promise<StepResult> {
  const sandbox = await context.sandbox();
  const paths = await trackedPaths(sandbox, context.signal);
  const facts = await readProjectFacts({
    paths,
    read: (path) => readText(sandbox, paths, path),
    defaultBranch: context.run.defaultBranch,
  });
  const { workflows, leftOut } = inferWorkflows(facts);
  const findings = describeFacts(facts);
  for (const finding of findings) context.log("note", `${finding}\n`);
  for (const { path, reason } of leftOut) context.log("note", `${path}: not proposed. ${reason}\n`);
  return {
    status: "succeeded",
    outputs: { findings, files: workflows.map((workflow) => ({ ...workflow })), leftOut },
  };
}

async function tryStep(context: StepContext, path: string): Promise<StepResult> {
  const { files } = readOutputs.parse(outputsOf(context, "read"));
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined) {
    context.log("note", `${path} is not proposed; there is nothing to try\n`);
    return { status: "succeeded", outputs: {} };
  }
  const parsed = parseWorkflow(file.content, { path });
  if (!parsed.ok)
    throw new CoderError(
      "internal",
      `The proposed ${path} does not lint: ${parsed.problems.map((problem) => problemText(path, problem)).join("; ")}`,
    );
  const isUpdate = path === inferredPaths.updates;
  // Updated dependencies are other files: nothing that was green before says anything about them.
  const green = new Map(isUpdate ? [] : (trialOutputs.safeParse(outputsOf(context, "ci")).data?.green ?? []));
  const sandbox = await context.sandbox();
  const before = isUpdate ? await readVersions(sandbox) : new Map<string, string>();
  const trial = await tryWorkflow(parsed.workflow, {
    sandbox,
    green,
    log: context.log,
    signal: context.signal,
    timeoutMs: commandTimeoutMs,
  });
  if (isUpdate) {
    withBumps(trial, before, await readVersions(sandbox));
    await restore(sandbox, context);
  }
  context.log("note", `${path}: ${trial.summary}\n`);
  if (context.signal.aborted)
    return { status: "failed", failure: { code: "canceled", message: "The trial was cancelled" } };
  return {
    status: "succeeded",
    outputs: { trial, green: trial.outcome === "green" && !isUpdate ? [...green] : [] },
  };
}

async function proposeStep(context: StepContext): Promise<StepResult> {
  const { files, findings, leftOut } = readOutputs.parse(outputsOf(context, "read"));
  const stepOf: Record<string, string> = {
    [inferredPaths.ci]: "ci",
    [inferredPaths.updates]: "dependency-updates",
    [inferredPaths.release]: "release",
  };
  const proposal: Proposal = proposalSchema.parse({
    baseCommit: context.run.commit,
    findings,
    leftOut,
    files: files.map((file) => ({
      ...file,
      trial: trialOutputs.parse(outputsOf(context, stepOf[file.path] ?? file.path)).trial,
    })),
  });
  if (proposal.files.length === 0) {
    context.log("note", "Nothing to propose: the project has all that fits it\n");
    return { status: "succeeded", outputs: { files: 0 } };
  }
  await context.artifact({ kind: "proposal", name: "proposal", data: { ...proposal } });
  return { status: "succeeded", outputs: { files: proposal.files.length } };
}

function outputsOf(context: StepContext, stepId: string): unknown {
  return context.expressions.steps[stepId]?.outputs ?? {};
}

async function trackedPaths(sandbox: Sandbox, signal: AbortSignal): Promise<string[]> {
  let listed = "";
  const result = await sandbox.exec({
    command: "git ls-files -z",
    onOutput: (stream, text) => {
      if (stream === "out") listed += text;
    },
    signal,
  });
  if (result.exitCode !== 0) throw new CoderError("internal", `git ls-files ended with ${result.exitCode}`);
  return listed.split("\0").filter((path) => path !== "");
}

async function readText(sandbox: Sandbox, paths: readonly string[], path: string): Promise<string | null> {
  return paths.includes(path) ? new TextDecoder().decode(await sandbox.read(path, maxFileBytes)) : null;
}

/** Versions that the manifest asks for, by package. */
async function readVersions(sandbox: Sandbox): Promise<Map<string, string>> {
  const section = z.record(z.string(), z.string()).catch({});
  const text = new TextDecoder().decode(await sandbox.read("package.json", maxFileBytes));
  const manifest = z.object({ dependencies: section, devDependencies: section }).parse(JSON.parse(text));
  return new Map(Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }));
}

function withBumps(trial: Trial, before: Map<string, string>, after: Map<string, string>): void {
  const bumps = [...after].filter(([name, version]) => before.get(name) !== version).length;
  if (trial.outcome === "green")
    trial.summary = `${bumps === 1 ? "1 bump" : `${bumps} bumps`}, ${trial.summary}`;
}

/** Back to the commit, so that the next trial sees the project's own files. */
async function restore(sandbox: Sandbox, context: StepContext): Promise<void> {
  const { exitCode } = await sandbox.exec({
    command: "git checkout -q -- . && git clean -fdq",
    signal: context.signal,
  });
  if (exitCode !== 0 && !context.signal.aborted)
    throw new CoderError(
      "internal",
      `The checkout could not be restored after the trial (exit code ${exitCode})`,
    );
}
