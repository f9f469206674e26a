import { createHash } from "node:crypto";
import { CoderError } from "../../shared/errors.ts";
import type { Forge } from "../forges/forge.ts";
import { httpForge } from "../forges/httpForge.ts";
import {
  latestVersion,
  planRelease,
  withChangelogEntry,
  withVersion,
  type ReleaseCommit,
  type ReleasePlan,
} from "../release/planRelease.ts";
import type { StepContext, StepResult } from "./step.ts";

const changelogPath = "CHANGELOG.md";
/** Files whose version follows, where they are. */
const manifestPaths = ["package.json", "package-lock.json"];

interface Release extends ReleasePlan {
  kind: "release";
  /** What the release commit holds beside the run's own commit. */
  files: { path: string; content: string }[];
  contentHash: string;
}

/**
 * Releases the run's commit: the next version by its commits, a changelog entry, an annotated tag and notes. The tag is
 * on a commit of its own, a child of the one that was checked, which holds the new version and the changelog; a change
 * brings it back to the branch. All of it is made from the forge's own history, not from what commands left behind.
 */
export async function releaseStep(context: StepContext): Promise<StepResult> {
  const { spec } = context.step;
  if (spec.type !== "release") throw new TypeError(`A ${spec.type} step is no release`);
  const { url, serviceKey } = context.settings;
  const { projectId, id: runId } = context.run;
  const forge = httpForge({ url, projectId, token: serviceKey, runId });
  const release = await prepare(context, forge, spec.bump);
  if (release.kind === "nothing") {
    context.log("note", "No commits since the last release, so there is nothing to release.\n");
    return { status: "succeeded", outputs: { released: false, version: release.version } };
  }
  const { version, tag, notes } = release;
  context.log(
    "note",
    `${release.previous ?? "the first release"} → ${version} (${release.bump})\n\n${notes}\n`,
  );
  if (context.run.dryRun) {
    context.log("note", "Dry run: nothing is tagged.\n");
    return { status: "succeeded", outputs: { dryRun: true, version, tag } };
  }
  const permission = await context.decide({
    request: {
      action: "release.tag",
      patch: {
        entries: release.files.map(({ path }) => ({ path, mode: "100644" as const })),
        files: release.files.length,
        bytes: release.files.reduce((sum, file) => sum + file.content.length, 0),
      },
      passedChecks: await context.passedChecks(),
    },
    contentHash: release.contentHash,
    reason: `Release ${tag}`,
    subject: { version, tag, previous: release.previous, commit: context.run.commit, notes },
  });
  if (!permission.allowed) return permission.result;
  return publish(context, forge, release);
}

async function prepare(
  context: StepContext,
  forge: Forge,
  bump: "auto" | "major" | "minor" | "patch",
): Promise<Release | { kind: "nothing"; version: string | null }> {
  const { commit } = context.run;
  const branch = branchOf(context);
  const [tags, tree, { refs }] = await Promise.all([forge.tags(), forge.tree(commit), forge.refs()]);
  // What this very run tagged before its worker died is not the last release, but this one.
  const own = refs.find((ref) => ref.name === branch)?.commit;
  const earlier = tags.filter((tag) => tag.commit !== own);
  const previous = latestVersion(earlier.map((tag) => tag.name));
  const since = earlier.find((tag) => tag.name.replace(/^v/, "") === previous);
  const commits = await commitsSince(forge, commit, since?.commit);
  const texts = new Map<string, string>();
  for (const path of [changelogPath, ...manifestPaths]) {
    if (tree.entries.some((entry) => entry.path === path))
      texts.set(path, new TextDecoder().decode(await forge.blob(commit, path)));
  }
  const plan = planRelease(commits, { bump, previous, declared: declaredVersion(texts.get("package.json")) });
  if (plan === undefined) return { kind: "nothing", version: previous };
  const date = commitDate(await forge.log(commit, { limit: 1 }));
  const files = [
    { path: changelogPath, content: withChangelogEntry(texts.get(changelogPath) ?? "", plan, date) },
    ...manifestPaths.flatMap((path) => {
      const text = texts.get(path);
      return text === undefined ? [] : [{ path, content: withVersion(text, plan.version) }];
    }),
  ].filter((file) => file.content !== texts.get(file.path));
  const hash = createHash("sha256").update(JSON.stringify([commit, branch, plan, files]));
  return { kind: "release", ...plan, files, contentHash: hash.digest("hex") };
}

/** Of the release commit: one per run, so that a second execution finds it. */
function branchOf({ run }: StepContext): string {
  return `coder/release-${run.number}`;
}

const maxCommits = 2000;
const pageSize = 500;

/** The commits that `since` does not hold, newest first; merges are passed over: what they brought is here itself. */
async function commitsSince(forge: Forge, head: string, since: string | undefined): Promise<ReleaseCommit[]> {
  const commits: ReleaseCommit[] = [];
  for (let before: string | undefined; commits.length < maxCommits;) {
    const page = await forge.log(head, {
      limit: pageSize,
      ...(before === undefined ? {} : { before }),
      ...(since === undefined ? {} : { since }),
    });
    commits.push(...page.filter(({ parents, message }) => parents.length < 2 && !isReleaseCommit(message)));
    before = page.at(-1)?.sha;
    if (page.length < pageSize) break;
  }
  return commits.map(({ sha, message }) => ({ sha, message }));
}

const releaseMessage = (tag: string): string => `chore(release): ${tag}`;
const isReleaseCommit = (message: string): boolean => /^chore\(release\): v\d+\.\d+\.\d+/.test(message);

function declaredVersion(manifest: string | undefined): string | null {
  if (manifest === undefined) return null;
  try {
    const { version } = JSON.parse(manifest) as { version?: unknown };
    return typeof version === "string" ? version : null;
  } catch (cause) {
    throw new CoderError("bad_input", "package.json is not JSON, so its version cannot be read", { cause });
  }
}

/** The day of the commit and not of the clock: a second execution writes the same changelog. */
function commitDate(log: readonly { at: string }[]): string {
  return (log[0]?.at ?? "").slice(0, 10);
}

async function publish(context: StepContext, forge: Forge, release: Release): Promise<StepResult> {
  const { run } = context;
  const { version, tag, notes } = release;
  const branch = branchOf(context);
  const commit = await releaseCommit(context, forge, release);
  await forge.tag({ name: tag, commit, message: `${tag}\n\n${notes}` });
  context.crashPoint("mid-release");
  const title = `Release ${tag}`;
  const number = await forge.openChange({
    title,
    body: notes,
    base: run.ref,
    head: branch,
    headCommit: commit,
    runId: run.id,
  });
  const artifacts = await context.artifacts();
  await context.artifact({
    kind: "release_notes",
    name: title,
    bytes: Buffer.from(`# ${tag}\n\n${notes}`),
    contentType: "text/markdown",
    data: { version, tag, commit, previous: release.previous, change: number, notes },
    // The chain: what was tested and deployed is what is released.
    madeFrom: artifacts
      .filter((one) => ["test_report", "deploy_url", "patch"].includes(one.kind))
      .map((one) => one.id),
  });
  context.log(
    "note",
    `${tag} is on ${commit.slice(0, 8)}; change #${number} brings its changelog to ${run.ref}.\n`,
  );
  return { status: "succeeded", outputs: { released: true, version, tag, commit, change: number } };
}

async function releaseCommit(context: StepContext, forge: Forge, release: Release): Promise<string> {
  const branch = branchOf(context);
  const { refs } = await forge.refs();
  const existing = refs.find((ref) => ref.name === branch);
  if (existing !== undefined) return existing.commit;
  return forge.commit({
    branch,
    base: context.run.commit,
    expectedHead: null,
    message: `${releaseMessage(release.tag)}\n\nMade by run #${context.run.number} of ${context.run.workflowPath}.`,
    files: release.files,
  });
}
