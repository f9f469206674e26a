import { readWorkflow, type ReadWorkflow } from "../../shared/trigger/explainEvent.ts";
import { workflowPaths } from "../../shared/trigger/workflowPaths.ts";
import type { Forge } from "../forges/forge.ts";

export interface FilesAt {
  /** Every path of the commit. */
  paths: string[];
  workflows: ReadWorkflow[];
}

/** Reads the workflow files of a commit. */
export type ReadFiles = (projectId: string, commit: string) => Promise<FilesAt>;

/** A commit never changes: the last few that were asked for are kept, so that a burst of events reads each file once. */
export function makeReadFiles(forgeOf: (projectId: string) => Forge): ReadFiles {
  const kept = new Map<string, Promise<FilesAt>>();
  return (projectId, commit) => {
    const key = `${projectId} ${commit}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const reading = read(forgeOf(projectId), commit);
    kept.set(key, reading);
    const [oldest] = kept.keys();
    if (kept.size > 20 && oldest !== undefined) kept.delete(oldest);
    reading.catch(() => kept.delete(key));
    return reading;
  };
}

async function read(forge: Forge, commit: string): Promise<FilesAt> {
  const { entries } = await forge.tree(commit);
  const paths = entries.map((entry) => entry.path);
  const workflows: ReadWorkflow[] = [];
  // One after the other: a hundred files must not be a hundred requests at once.
  for (const path of workflowPaths(paths)) workflows.push(readWorkflow(path, await forge.blob(commit, path)));
  return { paths, workflows };
}
