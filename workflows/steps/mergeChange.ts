import { createHash } from "node:crypto";
import { CoderError } from "../../shared/errors.ts";
import type { PatchEntry } from "../../shared/policy/decidePatch.ts";
import type { Diff } from "../forges/forge.ts";
import { httpForge } from "../forges/httpForge.ts";
import type { Intent, StepContext, StepResult } from "./step.ts";

/** A change that the step has opened, at the head that its branch has now. */
interface Opened {
  number: number;
  branch: string;
  commit: string;
  title: string;
}

/**
 * Merges a change into the branch that the run is of, where policy lets it: `pull_request.merge` with the checks that have
 * passed on exactly the change's head, and `push.protected` as well where that moves the default branch. An approval is
 * for the head, the base and the patch between them; a branch that somebody has pushed to since is asked about again.
 */
export async function mergeChange(context: StepContext, opened: Opened): Promise<StepResult> {
  const { run } = context;
  const { url, serviceKey } = context.settings;
  const forge = httpForge({ url, projectId: run.projectId, token: serviceKey, runId: run.id });
  const { title: _title, ...change } = opened;
  const outputs = { opened: true, ...change };
  const diff = await forge.diff(run.ref, opened.commit);
  // Of an execution that was interrupted after it had merged: there is nothing left to decide.
  if (diff.mergeBase !== opened.commit) {
    const refused = await decideMerge(context, opened, diff);
    if (refused !== undefined) return refused;
  }
  try {
    const mergedCommit = await forge.merge({
      into: run.ref,
      head: opened.branch,
      expectedHead: opened.commit,
      message: `Merge change ${opened.number}: ${opened.title}`,
      change: opened.number,
    });
    context.crashPoint("mid-merge");
    context.log(
      "note",
      `Change #${opened.number} is merged into ${run.ref} as ${mergedCommit.slice(0, 8)}.\n`,
    );
    return { status: "succeeded", outputs: { ...outputs, merged: true, mergedCommit } };
  } catch (error) {
    if (!(error instanceof CoderError) || error.code !== "conflict") throw error;
    return { ...(await notMerged(context, error)), outputs };
  }
}

async function decideMerge(
  context: StepContext,
  { number, branch, commit, title }: Opened,
  diff: Diff,
): Promise<StepResult | undefined> {
  const { run } = context;
  const patch = patchOf(diff);
  const intent: Omit<Intent, "request"> = {
    contentHash: createHash("sha256")
      .update(JSON.stringify([number, run.ref, commit, diff.mergeBase, diff.patch]))
      .digest("hex"),
    reason: `Merge change #${number}: ${title}`,
    subject: {
      change: number,
      title,
      head: branch,
      commit,
      into: run.ref,
      files: diff.files.map(({ path }) => path),
    },
  };
  const passedChecks = await context.passedChecks(commit);
  const merge = await context.decide({
    ...intent,
    request: { action: "pull_request.merge", patch, passedChecks },
  });
  if (!merge.allowed) return merge.result;
  if (run.ref !== run.defaultBranch) return undefined;
  const push = await context.decide({ ...intent, request: { action: "push.protected", patch } });
  return push.allowed ? undefined : push.result;
}

/** Also what others have pushed to the branch is held against the policy of the run that merges it. */
function patchOf({ files, patch }: Diff): { entries: PatchEntry[]; files: number; bytes: number } {
  const entries = files.map(({ path, oldPath, status }): PatchEntry => {
    const mode = status === "deleted" ? null : "100644";
    return oldPath === undefined ? { path, mode } : { path, oldPath, mode };
  });
  return { entries, files: files.length, bytes: patch.length };
}

/** The forge's own refusals: checks that the project asks for, branches that cannot be brought together, a closed change. */
async function notMerged(
  context: StepContext,
  error: CoderError,
): Promise<Extract<StepResult, { status: "failed" }>> {
  const details = error.details as { missingChecks?: unknown } | undefined;
  if (details?.missingChecks !== undefined) {
    await context.denied("project.required_checks", error.message);
    return { status: "failed", failure: { code: "policy_denied", message: error.message } };
  }
  context.log("note", `${error.message}\n`);
  return { status: "failed", failure: { code: "merge_failed", message: error.message } };
}
