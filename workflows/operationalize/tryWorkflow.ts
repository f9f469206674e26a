import type { Trial } from "../../shared/operationalize/proposal.ts";
import type { Workflow, WorkflowStep } from "../../shared/workflow/schema.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

export interface TrialOptions {
  sandbox: Sandbox;
  /** Commands that were green on the same files before; they are not run twice. Added to by this trial. */
  green: Map<string, number>;
  log(stream: "out" | "err" | "note", text: string): void;
  signal: AbortSignal;
  /** Milliseconds for one command. */
  timeoutMs: number;
}

/**
 * Dry run of a workflow: its commands really run in the sandbox; what would have an effect outside it is only named.
 * The trial ends at the first command that fails, as the run itself would.
 */
export async function tryWorkflow(workflow: Workflow, options: TrialOptions): Promise<Trial> {
  const startedAt = performance.now();
  const before = new Set(options.green.keys());
  for (const step of workflow.steps) {
    const failed = await tryStep(step, options);
    if (failed !== null)
      return {
        outcome: "red",
        summary: failed,
        durationMs: Math.round(performance.now() - startedAt),
        failedStep: step.step_id,
      };
  }
  const durationMs = Math.round(performance.now() - startedAt);
  const commands = workflow.steps.filter((step) => step.type === "command");
  const known = commands.length > 0 && commands.every((step) => before.has(step.command));
  const summary = known ? "its checks were green just now" : `green in ${seconds(durationMs)}`;
  return { outcome: "green", summary, durationMs, failedStep: null };
}

/** Null when the step is fine, else why it failed. */
async function tryStep(step: WorkflowStep, options: TrialOptions): Promise<string | null> {
  const name = step.name ?? step.type;
  if (step.type !== "command") {
    options.log("note", `${name}: has an effect outside the sandbox; a dry run stops short of it\n`);
    return null;
  }
  const before = options.green.get(step.command);
  if (before !== undefined) {
    options.log(
      "note",
      `$ ${step.command}\nwas green on these files already (${seconds(before)}); not run again\n`,
    );
    return null;
  }
  options.log("note", `$ ${step.command}\n`);
  const result = await options.sandbox.exec({
    command: step.command,
    env: step.env,
    timeoutMs: options.timeoutMs,
    onOutput: options.log,
    signal: options.signal,
  });
  if (result.aborted) return "The trial was cancelled";
  if (result.timedOut) return `“${name}” took longer than ${seconds(options.timeoutMs)}`;
  if (result.exitCode !== 0) return `“${name}” failed with exit code ${result.exitCode}`;
  options.green.set(step.command, result.durationMs);
  return null;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
