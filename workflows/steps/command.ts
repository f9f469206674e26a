import { createHash, randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import { decidePatch } from "../../shared/policy/decidePatch.ts";
import { interpolate, secretsRead } from "../../shared/workflow/expressions.ts";
import { collectReports } from "../reports/collectReports.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { execPaid } from "./execPaid.ts";
import { keepFiles } from "./keepFiles.ts";
import { readOutputs } from "./readOutputs.ts";
import { recordReached } from "./recordReached.ts";
import type { StepContext, StepResult } from "./step.ts";
import { openStepCache } from "./stepCache.ts";
import { takeSecrets } from "./takeSecrets.ts";

/** How much of the end of a command's output is looked through for a runner's summary. */
const summaryChars = 512 * 1024;

/** Runs a command in the run's sandbox. A non-zero exit code fails the step; reports are collected either way. */
export async function commandStep(context: StepContext): Promise<StepResult> {
  const { spec } = context.step;
  if (spec.type !== "command") throw new TypeError(`A ${spec.type} step is no command`);
  const names = [...new Set(Object.values(spec.env).flatMap(secretsRead))];
  // Values reach a command as environment variables only; before anything is opened, for a mistake here is certain.
  variables(context, Object.fromEntries(names.map((name) => [name, name])));
  const without =
    names.length === 0
      ? undefined
      : await takeSecrets(context, { names, command: spec.command, env: spec.env });
  if (without !== undefined) return without;
  const sandbox = await context.sandbox(names);
  const env = variables(context, sandbox.secrets);
  if (sandbox.kind === "none")
    context.log("note", "CODER_SANDBOX=none: this command runs without any isolation.\n");
  // Named, not given: a placeholder is another one in each run.
  const keyed = variables(context, Object.fromEntries(names.map((name) => [name, name])));
  const cache = await openStepCache(context, sandbox, keyed);
  if (await cache?.restore())
    return { status: "succeeded", outputs: { exitCode: 0, cached: true }, exitCode: 0 };
  let output = "";
  // Beside the checkout, and of this attempt alone.
  const outputFile = join(dirname(sandbox.repoDir), "tmp", `output-${randomUUID()}`);
  const hosts = recordReached(context);
  const paid = await execPaid(context, sandbox, {
    command: spec.command,
    env: { ...env, CODER_STEP_ID: context.step.id, CODER_OUTPUT: outputFile },
    timeoutMs: context.step.timeoutSec * 1000,
    signal: context.signal,
    onOutput: (stream, text) => {
      output += text;
      // Seldom: each cut copies what is kept.
      if (output.length > 4 * summaryChars) output = output.slice(-summaryChars);
      context.log(stream, text);
      context.crashPoint("mid-command");
      return context.logRoom();
    },
    onReached: hosts.see,
  });
  await hosts.stored();
  context.signal.throwIfAborted();
  if (!paid.ran) return paid.refused;
  const { result } = paid;
  output = output.slice(-summaryChars);
  const [report, leak, said] = await Promise.all([
    collectReports(context, sandbox, { output, reports: spec.reports, exitCode: result.exitCode }),
    keepPatch(context, sandbox),
    readOutputs(sandbox, outputFile),
  ]);
  const outputs = {
    ...(said.ok ? said.outputs : {}),
    exitCode: result.exitCode,
    ...(report ? { tests: report } : {}),
  };
  const unkept = await keepFiles(context, sandbox, spec.artifacts ?? []);
  if (result.timedOut) {
    const message = `The command took longer than ${context.step.timeoutSec} s and was stopped.`;
    return { status: "failed", failure: { code: "timeout", message }, outputs, exitCode: result.exitCode };
  }
  if (leak !== undefined)
    return {
      status: "failed",
      failure: { code: "policy_denied", message: leak },
      outputs,
      exitCode: result.exitCode,
    };
  if (result.exitCode !== 0) {
    const tests = report && report.failed > 0 ? `: ${report.failed} of ${report.total} tests failed` : "";
    const message = `The command ended with exit code ${result.exitCode}${tests}.`;
    return {
      status: "failed",
      failure: { code: "command_failed", message },
      outputs,
      exitCode: result.exitCode,
    };
  }
  const failure = said.ok ? unkept : { code: "output_invalid" as const, message: said.message };
  if (failure !== undefined) return { status: "failed", failure, outputs, exitCode: 0 };
  await cache?.save();
  return { status: "succeeded", outputs, exitCode: 0 };
}

/** The `env` of the step with its expressions replaced. */
function variables(context: StepContext, secrets: Readonly<Record<string, string>>): Record<string, string> {
  const { spec } = context.step;
  const expressions = { ...context.expressions, secrets };
  return Object.fromEntries(
    Object.entries(spec.type === "command" ? spec.env : {}).map(([name, value]) => [
      name,
      interpolate(value, expressions),
    ]),
  );
}

/**
 * Keeps a patch of what commands have changed in tracked files, against the run's commit. Made inside the sandbox: the
 * repository is theirs. One that holds a secret is not kept; answers what is said then.
 */
async function keepPatch(context: StepContext, sandbox: Sandbox): Promise<string | undefined> {
  const limit = context.policies.limits.max_patch_bytes;
  let patch = "";
  let size = 0;
  const diff = `git -c core.fsmonitor=false diff --no-ext-diff --no-textconv --no-color --binary ${context.run.commit} --`;
  const result = await sandbox.exec({
    // One process: a shell that becomes git.
    command: `[ -e .git ] || exit 0; exec ${diff}`,
    timeoutMs: 30_000,
    signal: context.signal,
    onOutput: (stream, text) => {
      if (stream !== "out") return;
      size += Buffer.byteLength(text);
      if (size <= limit) patch += text;
    },
  });
  if (result.exitCode !== 0 || size === 0) return undefined;
  const files = [...patch.matchAll(/^diff --git a\/(?:.*) b\/(.*)$/gm)].map((match) => match[1] ?? "");
  const denials = decidePatch([], { files: files.length, bytes: size }, context.policies);
  for (const { rule, message } of denials)
    await context.denied(rule, `${message} The changes to tracked files are kept as no artifact.`);
  if (denials.length > 0) return undefined;
  if (context.secrets.isIn(patch) || (await isInBinary(context, sandbox, { patch, files }))) {
    const message =
      "A tracked file holds a secret of the run, so no patch is kept and nothing can go on from it.";
    await context.denied("secrets.patch", message);
    return message;
  }
  const bytes = Buffer.from(patch);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const earlier = await context.artifacts();
  // The same changes are kept once, with the step that made them.
  if (earlier.some((artifact) => artifact.kind === "patch" && artifact.sha256 === sha256)) return undefined;
  await context.artifact({
    kind: "patch",
    name: "changes.patch",
    bytes,
    contentType: "text/x-diff",
    data: { base: context.run.commit, files },
  });
  return undefined;
}

/** A patch holds binary files compressed: they are looked through as they are. */
async function isInBinary(
  context: StepContext,
  sandbox: Sandbox,
  { patch, files }: { patch: string; files: readonly string[] },
): Promise<boolean> {
  if (!/^GIT binary patch$/m.test(patch)) return false;
  for (const path of files) {
    const content = await sandbox
      .read(path, context.policies.limits.max_patch_bytes)
      .catch((error: unknown) => {
        // Deleted, or larger than a patch may be.
        if (error instanceof CoderError && ["not_found", "too_large"].includes(error.code)) return undefined;
        throw error;
      });
    if (content && context.secrets.isIn(content)) return true;
  }
  return false;
}
