import { CoderError } from "../shared/errors.ts";
import { explainEvent, readWorkflow, type ReadWorkflow } from "../shared/trigger/explainEvent.ts";
import { changedPaths, diffRangeOf, runPlaceOf } from "../shared/trigger/runPlace.ts";
import type { TriggerEvent } from "../shared/trigger/triggerEvent.ts";
import { workflowPaths } from "../shared/trigger/workflowPaths.ts";
import type { SignedIn } from "./context.ts";
import type { ForgeClient } from "./forgeClient.ts";
import { forgeOf } from "./forgeOf.ts";
import { findOrgSlug } from "./sql/findOrgSlug.ts";
import { requireProject } from "./sql/requireProject.ts";
import { secretNames } from "./sql/secretNames.ts";
import type { Explanation } from "./views.ts";

/** What an event would start now, and which clause would reject it for the others. Starts nothing. */
export async function explainTriggers(
  caller: SignedIn,
  projectId: string,
  { event, depth }: { event: TriggerEvent; depth: number },
): Promise<Explanation> {
  const { project, owner, secrets } = await caller.asCaller(async (tx) => {
    const found = await requireProject(tx, projectId);
    return {
      project: found,
      owner: await findOrgSlug(tx, found.orgId),
      secrets: await secretNames(tx, found),
    };
  });
  const forge = forgeOf(caller, projectId);
  const { defaultBranch, head } = await forge.refs();
  const place = runPlaceOf(event, { defaultBranch, head });
  if (place === undefined) return { place: null, workflows: [] };
  const { commit, entries } = await forge.tree(place.filesAt);
  const paths = entries.map((entry) => entry.path);
  const files: ReadWorkflow[] = await Promise.all(
    workflowPaths(paths).map(async (path) => readWorkflow(path, await forge.blob(commit, path))),
  );
  const range = diffRangeOf(event, defaultBranch);
  const changed = range === undefined ? undefined : await pathsOf(forge, range, paths);
  const seen = changed === undefined ? event : { ...event, payload: { ...event.payload, paths: changed } };
  const verdicts = explainEvent(files, seen, {
    project: { provider: "coder", owner, repo: project.slug, ref: place.ref },
    depth,
    secrets,
  });
  return {
    place: { ref: place.ref, commit: place.commit },
    workflows: verdicts.map((verdict) =>
      verdict.kind === "fires"
        ? { kind: "fires", path: verdict.path, name: verdict.name, trigger: verdict.trigger }
        : verdict,
    ),
  };
}

async function pathsOf(
  forge: ForgeClient,
  { base, head }: { base: string | undefined; head: string },
  all: string[],
): Promise<string[]> {
  if (base === undefined) return all;
  try {
    return changedPaths((await forge.diff(base, head)).files);
  } catch (error) {
    if (error instanceof CoderError && error.code === "not_found") return all;
    throw error;
  }
}
