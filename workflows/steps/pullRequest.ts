import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { PatchEntry } from "../../shared/policy/decidePatch.ts";
import { interpolate } from "../../shared/workflow/expressions.ts";
import { CoderError } from "../../shared/errors.ts";
import { httpForge } from "../forges/httpForge.ts";
import type { CommitRequest } from "../forges/forge.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { mergeChange } from "./mergeChange.ts";
import type { StepContext, StepResult } from "./step.ts";

interface Edit extends PatchEntry {
  content: Uint8Array | null;
}

const maxFileBytes = 10_000_000;

/**
 * Puts what the run's commands changed on the workflow's own branch and opens its change, or updates the open one; with
 * `merge` it merges that as well.
 * The patch is held against the policy here, outside the sandbox; a run that changed nothing opens nothing.
 */
export async function pullRequestStep(context: StepContext): Promise<StepResult> {
  const { spec } = context.step;
  if (spec.type !== "pull_request") throw new TypeError(`A ${spec.type} step opens no change`);
  const sandbox = await context.sandbox();
  const edits = await readEdits(sandbox, context);
  if (edits.length === 0) {
    context.log("note", "Nothing changed, so there is nothing to open.\n");
    return { status: "succeeded", outputs: { opened: false } };
  }
  const bytes = edits.reduce((sum, edit) => sum + (edit.content?.length ?? 0), 0);
  const title = interpolate(spec.title, context.expressions);
  const body = interpolate(spec.body, context.expressions);
  const leak = leakIn(context, { title, body, edits });
  if (leak !== undefined) {
    const message = `${leak} holds a secret of the run; no change is opened.`;
    await context.denied("secrets.patch", message);
    return { status: "failed", failure: { code: "policy_denied", message } };
  }
  const paths = edits.map((edit) => edit.path);
  context.log("note", `${paths.join(", ")}\n`);
  const permission = await context.decide({
    request: {
      action: "pull_request.open",
      patch: { entries: edits.map(({ content: _content, ...entry }) => entry), files: edits.length, bytes },
    },
    contentHash: hashOf(title, edits),
    reason: title,
    subject: { title, files: paths, base: context.run.ref, commit: context.run.commit },
  });
  if (!permission.allowed) return permission.result;
  const link = edits.find((edit) => edit.mode === "120000");
  if (link) {
    const message = `${link.path} is a symbolic link; a change made by a workflow holds files only.`;
    await context.denied("repo.symlink", message);
    return { status: "failed", failure: { code: "policy_denied", message } };
  }
  if (context.run.dryRun) {
    context.log("note", "Dry run: no change is opened.\n");
    return { status: "succeeded", outputs: { dryRun: true, files: edits.length } };
  }
  const { draft, reviewers } = spec;
  const opened = await open(context, { title, body, edits, draft, reviewers });
  if (!spec.merge) return { status: "succeeded", outputs: { opened: true, ...opened } };
  return mergeChange(context, { ...opened, title });
}

/** Makes the commit and opens the change; one that an earlier execution of this step has opened is that one, whatever became of it. */
async function open(
  context: StepContext,
  change: { title: string; body: string; edits: Edit[]; draft: boolean; reviewers: string[] },
): Promise<{ number: number; branch: string; commit: string }> {
  const { url, serviceKey } = context.settings;
  const { run } = context;
  const forge = httpForge({ url, projectId: run.projectId, token: serviceKey, runId: run.id });
  // One branch a run: the commit is on the run's own base, so an older proposal never leaks into a newer one.
  const branch = `coder/${posix.basename(run.workflowPath).replace(/\.ya?ml$/, "")}-${run.number}`;
  const { refs } = await forge.refs();
  const existing = refs.find((ref) => ref.name === branch);
  const commit = existing?.commit ?? (await forge.commit(commitOf(context, { branch, ...change })));
  const artifacts = await context.artifacts();
  const before = artifacts.find(({ kind, stepId }) => kind === "pr_link" && stepId === context.step.id);
  const known = before?.data["number"];
  const number =
    typeof known === "number"
      ? known
      : await forge.openChange({
          title: change.title,
          body: change.body,
          base: run.ref,
          head: branch,
          headCommit: commit,
          runId: run.id,
          draft: change.draft,
          reviewers: change.reviewers,
        });
  context.log("note", `Change #${number}: ${change.title}\n`);
  const patch = artifacts.filter((artifact) => artifact.kind === "patch").map((artifact) => artifact.id);
  await context.artifact({
    kind: "pr_link",
    name: `Change #${number}`,
    data: { number, branch, commit, url: `${url}/${run.orgSlug}/${run.projectSlug}/changes/${number}` },
    madeFrom: patch,
  });
  return { number, branch, commit };
}

/** What of a change holds a secret, in words; undefined when nothing does. */
function leakIn(
  { secrets }: StepContext,
  change: { title: string; body: string; edits: readonly Edit[] },
): string | undefined {
  if (secrets.isIn(change.title)) return "The title";
  if (secrets.isIn(change.body)) return "The description";
  // A name that holds one is not repeated: the log would mask it beyond recognition.
  if (change.edits.some((edit) => secrets.isIn(edit.path))) return "The name of a file";
  return change.edits.find((edit) => edit.content !== null && secrets.isIn(edit.content))?.path;
}

function commitOf(
  context: StepContext,
  change: { branch: string; title: string; edits: Edit[] },
): CommitRequest {
  return {
    branch: change.branch,
    base: context.run.commit,
    expectedHead: null,
    message: `${change.title}\n\nMade by run #${context.run.number} of ${context.run.workflowPath}.`,
    files: change.edits.map((edit) => ({
      path: edit.path,
      content: edit.content === null ? null : Buffer.from(edit.content).toString("base64"),
      encoding: "base64",
    })),
  };
}

/** What differs from the run's commit: changed, deleted and new files that git does not ignore. Asked inside the sandbox. */
async function readEdits(sandbox: Sandbox, context: StepContext): Promise<Edit[]> {
  const git = "git -c core.fsmonitor=false -c core.quotePath=false";
  const changed = await output(
    sandbox,
    context,
    `${git} add --intent-to-add . && ${git} diff --raw --no-renames --no-ext-diff -z ${context.run.commit} --`,
  );
  const fields = changed.split("\0");
  const edits: Edit[] = [];
  // ":<old mode> <new mode> <old sha> <new sha> <status>" NUL path NUL
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, mode = ""] = (fields[index] ?? "").split(" ");
    const path = fields[index + 1] ?? "";
    edits.push(await editOf(sandbox, context, { path, mode }));
  }
  return edits;
}

async function editOf(
  sandbox: Sandbox,
  context: StepContext,
  { path, mode }: { path: string; mode: string },
): Promise<Edit> {
  if (mode === "000000") return { path, mode: null, content: null };
  if (mode === "100644" || mode === "100755")
    return { path, mode, content: await sandbox.read(path, maxFileBytes) };
  if (mode === "160000") return { path, mode, content: new Uint8Array() };
  if (mode === "120000") {
    const linkTarget = await output(sandbox, context, `readlink -n -- ${quoted(path)}`);
    return { path, mode, linkTarget, content: new TextEncoder().encode(linkTarget) };
  }
  throw new CoderError("internal", `git names the mode ${mode} for ${path}, which is not known here.`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function output(sandbox: Sandbox, context: StepContext, command: string): Promise<string> {
  let text = "";
  const { exitCode } = await sandbox.exec({
    command,
    timeoutMs: 60_000,
    signal: context.signal,
    onOutput: (stream, chunk) => {
      if (stream === "out") text += chunk;
    },
  });
  context.signal.throwIfAborted();
  if (exitCode !== 0)
    throw new CoderError("internal", `git could not tell what changed (exit code ${exitCode}).`);
  return text;
}

function hashOf(title: string, edits: Edit[]): string {
  const hash = createHash("sha256").update(title);
  for (const edit of edits)
    hash.update(`\0${edit.path}\0${edit.mode}\0`).update(edit.content ?? new Uint8Array());
  return hash.digest("hex");
}
